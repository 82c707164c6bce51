"""What Core says when it refuses: its sentence, and what is wrong with each field."""

import re
from html import unescape
from typing import Any, Final

from pools.core.bounds import LONGEST_SAID

# What Laravel puts behind a database's message: the statement, with all its values.
_STATEMENT = re.compile(r"\s*\([^()]*\bSQL: .*", re.DOTALL)
_MOST_FIELDS: Final = 50
_MOST_MESSAGES: Final = 20
# Laravel's own comes first; the others are those of gateways and of problem+json (RFC 9457).
_SENTENCES: Final = ("message", "detail", "error_description", "error", "title", "msg")
_DETAILS: Final = ("errors", "fields", "details", "detail", "messages", "message")
# Where an answer of PHP's own making may hold nothing but Laravel's bag: field → messages.
_PLACES_OF_BAG: Final = ("error", "data")
# What PHP prints where it is told to show its errors, with markup and without.
_PRINTED: Final = re.compile(
    r"(?:\s|<br ?/?>)*(?:<b>)?(?:PHP )?"
    r"(Warning|Notice|Deprecated|(?:[A-Z][a-z]+ )?[Ff]atal error|Parse error)(?:</b>)?:\s+"
    r"(\S.*?) in (?:<b>)?\S[^\n]* on line ",
    re.DOTALL,
)
_TAG: Final = re.compile("<[^>]*>")
_LONGEST_PRINTED: Final = 4000


def read_message(value: Any) -> str:
    """Core's own sentence, cut at 300 characters, without SQL; "" where there is none."""
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("error"), dict):
        value = {**value["error"], **{key: value[key] for key in value if key != "error"}}
    sentences = (value.get(name) for name in _SENTENCES)
    texts = (each[0] if isinstance(each, list) and each else each for each in sentences)
    said = next((each for each in (*texts, value.get("errors")) if _is_said(each)), "")
    return _STATEMENT.sub("", said)[:LONGEST_SAID]


def read_field_errors(value: Any) -> dict[str, tuple[str, ...]]:
    """Laravel's `errors`: field → messages, each cut at 300 characters.

    A list in its place holds texts, or objects as JSON:API, problem+json and others write
    them. What does not name its field is under "".
    """
    errors = _errors_in(value)
    if isinstance(errors, list):
        listed: dict[str, list[Any]] = {}
        for each in errors:
            listed.setdefault(_field_of(each), []).append(_error_text(each))
        errors = listed
    fields = [each for pair in errors.items() for each in _unbagged(*pair)]
    found: dict[str, tuple[str, ...]] = {}
    for name, given in fields[:_MOST_FIELDS]:
        # A field of which nothing is said would be one to look at in vain.
        if texts := _texts_in(given):
            told = (*found.get(name[:LONGEST_SAID], ()), *(text[:LONGEST_SAID] for text in texts))
            found[name[:LONGEST_SAID]] = told[:_MOST_MESSAGES]
    return found


def _unbagged(name: str, given: Any) -> list[tuple[str, Any]]:
    """A field with its messages; the fields of a named bag, which stands in a field's place.

    Or of an object that holds them, however deep. What a field holds by rule (`{"min": "…"}`)
    are its messages.
    """
    if not isinstance(given, dict):
        return [(name, given)]
    inner = [each for each in given.items() if isinstance(each[1], list | dict)]
    fields = [field for each in inner for field in _unbagged(*each)]
    texts = [each for each in given.values() if isinstance(each, str)]
    return fields or ([(name, texts)] if texts else [])


def _texts_in(given: Any) -> list[str]:
    """The messages of one field: a text, or a list of texts, of lists, of objects with one."""
    if isinstance(given, list):
        return [text for each in given for text in _texts_in(each)][:_MOST_MESSAGES]
    text = _error_text(given)
    return [text] if _is_said(text) else []


def _errors_in(value: Any) -> dict[str, Any] | list[Any]:
    """Where an answer lists its errors one by one, at the top or under `error`."""
    if not isinstance(value, dict):
        return []
    listed = (value.get(name) for name in _DETAILS)
    bags = (each for each in (*map(value.get, _PLACES_OF_BAG), value) if _is_bag(each))
    errors = next(
        (each for each in (*listed, *bags) if each and isinstance(each, dict | list)), None
    )
    return errors if errors is not None else _errors_in(value.get("error"))


def _is_bag(given: Any) -> bool:
    """Whether an object is fields with their messages alone."""
    return isinstance(given, dict) and all(
        isinstance(texts, list) and texts and all(map(_is_said, texts)) for texts in given.values()
    )


def _error_text(given: Any) -> Any:
    """The text of one error, where it is one or holds one."""
    return read_message(given) if isinstance(given, dict) else given


def _field_of(given: Any) -> str:
    """The field that one error is about, where it says so; "" otherwise."""
    if not isinstance(given, dict):
        return ""
    source = given.get("source")
    path = given.get("pointer") or (isinstance(source, dict) and source.get("pointer"))
    path = path.split("/") if isinstance(path, str) else given.get("loc")
    names = path if isinstance(path, list) else [given.get("field")]
    return names[-1] if names and isinstance(names[-1], str) else ""


def _is_said(given: Any) -> bool:
    return isinstance(given, str) and bool(given.strip())


def read_printed(body: bytes) -> str:
    """What PHP printed before the answer that was meant: "Warning: …", or nothing.

    Without the file and the line, which are for nobody here.
    """
    begin = body[:_LONGEST_PRINTED].decode("utf-8", "replace").removeprefix("\ufeff")
    printed = _PRINTED.match(begin)
    text = unescape(_TAG.sub("", f"{printed[1]}: {printed[2]}")) if printed else ""
    return " ".join(text.split())
