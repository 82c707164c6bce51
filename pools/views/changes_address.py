"""The addresses of the pages of changes: reading what one asks for, and making others."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone

from pools.changes.filtering import Filters
from pools.models.index_term import words_sought
from pools.models.vocabulary import RECORDED, Outcome, Verdict
from pools.wording import addresses
from pools.wording.addresses import BadAddress

EVENTS: Final = "events"
LONGEST_FILTER: Final = 255
# Nobody presses Next so often while they wait.
MOST_ON: Final = 20
LARGEST_SEQ_DIGITS: Final = 18
# In the order in which an address has them.
PARAMETERS: Final = (
    *("kind", "who", "action", "outcome", "pool", "company", "from", "to", "words"),
    *("before", "after", "page", "list"),
)
# What is shown of the lines that fit: a page of them, and a list of changes that is unfolded.
_SHOWN: Final = frozenset({"before", "after", "page", "list"})
_EVENT_ACTION: Final = re.compile(r"[a-z_]{1,40}")
_SLUG: Final = re.compile(r"[-\w]{1,50}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What an address asks for: its own words, and what they mean.

    `before` and `after` are the numbers of entries: the page is the one next to it, or so many on
    from there as `page` says: somebody pressed Next before the first was there. `unfold` is
    the list of changes whose items are shown.
    """

    words: Mapping[str, str]
    filters: Filters
    before: int | None
    after: int | None
    unfold: UUID | None
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """Whether the list may be empty because of a filter."""
        return any(name not in {"kind", *_SHOWN} for name in self.words)


def words_in(address: Mapping[str, str]) -> dict[str, str]:
    """The parameters that the pages know and that say something."""
    texts = {name: address.get(name, "").strip() for name in PARAMETERS}
    return {name: text for name, text in texts.items() if text}


def days_in(words: Mapping[str, str]) -> dict[str, str]:
    """Its days, as a date field takes them: what is no day is left out."""
    days = {}
    for name in ("from", "to"):
        try:
            days[name] = str(_day(words, name) or "")
        except BadAddress:
            days[name] = ""
    return days


def read_address(
    words: Mapping[str, str], *, company: str | None, companies: frozenset[str] | None
) -> ListQuery:
    """What the words of an address mean to someone who may see `companies` (None: all).

    `company` is the one that the page is about, if it is about one. Dates are days of
    the zone in use. Raises BadAddress.
    """
    events = _one_of(words, "kind", {EVENTS}, addresses.LIST_KIND) == EVENTS
    if {"before", "after"} <= words.keys():
        raise BadAddress(addresses.BOTH_PLACES)
    begin, end = _day(words, "from"), _day(words, "to")
    if begin and end and begin > end:
        raise BadAddress(addresses.DAYS_REVERSED)
    filters = Filters(
        companies=_companies(words, company, companies),
        events=events,
        who=_text(words, "who"),
        action=_action(words, events=events),
        outcome=None if events else _outcome(words),
        pool="" if events else _searched(words, "pool", addresses.POOL),
        begin=_midnight(begin) if begin else None,
        end=_midnight(end + timedelta(days=1)) if end else None,
        words=_searched(words, "words", addresses.WORDS),
    )
    before, after = _entry(words, "before"), _entry(words, "after")
    return ListQuery(words, filters, before, after, _list(words), _page(words))


def address_with(path: str, words: Mapping[str, str], **changed: str | int) -> str:
    """The address for `words` with some of them changed; an empty one is left out.

    The position in the list is left out too, and what is unfolded, unless it is what changed.
    """
    kept = {name: text for name, text in words.items() if name not in _SHOWN}
    wanted = kept | {name.rstrip("_"): str(value) for name, value in changed.items()}
    asked = urlencode([(name, wanted[name]) for name in PARAMETERS if wanted.get(name)])
    return f"{path}?{asked}" if asked else path


def _companies(
    words: Mapping[str, str], company: str | None, companies: frozenset[str] | None
) -> frozenset[str] | None:
    if company is not None:
        return frozenset({company})
    if (slug := words.get("company")) is None:
        return companies
    # Who sees all may ask for a company that is no longer here: its changes still are.
    if not _SLUG.fullmatch(slug) or (companies is not None and slug not in companies):
        raise BadAddress(addresses.NO_SUCH_COMPANY)
    return frozenset({slug})


def _action(words: Mapping[str, str], *, events: bool) -> str:
    if not events:
        return _one_of(words, "action", set(RECORDED), addresses.ACTION)
    # As it is shown, or as it is on the ledger: "Signed in" is signed_in.
    action = words.get("action", "").lower().replace(" ", "_")
    if action and not _EVENT_ACTION.fullmatch(action):
        raise BadAddress(addresses.EVENT)
    return action


def _outcome(words: Mapping[str, str]) -> Outcome | Verdict | None:
    words_of_outcomes: dict[str, Outcome | Verdict] = {
        str(each): each for each in (*Outcome, *Verdict)
    }
    sentence = addresses.one_outcome_of(words_of_outcomes)
    return words_of_outcomes.get(_one_of(words, "outcome", set(words_of_outcomes), sentence))


def _one_of(words: Mapping[str, str], name: str, allowed: set[str], sentence: str) -> str:
    word = words.get(name, "")
    if word and word not in allowed:
        raise BadAddress(sentence)
    return word


def _text(words: Mapping[str, str], name: str) -> str:
    text = words.get(name, "")
    if len(text) > LONGEST_FILTER or "\0" in text:
        raise BadAddress(addresses.too_long(LONGEST_FILTER))
    return text


def _searched(words: Mapping[str, str], name: str, sentence: str) -> str:
    text = _text(words, name)
    if text and not words_sought(text):
        raise BadAddress(sentence)
    return text


def _day(words: Mapping[str, str], name: str) -> date | None:
    if (text := words.get(name)) is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadAddress(addresses.DAY) from None
    if not 1970 <= day.year < 9999:
        raise BadAddress(addresses.DAY_TOO_FAR)
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


def _entry(words: Mapping[str, str], name: str) -> int | None:
    if (text := words.get(name)) is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= LARGEST_SEQ_DIGITS):
        raise BadAddress(addresses.ENTRY)
    return int(text)


def _page(words: Mapping[str, str]) -> int:
    """Which page from there. Towards newer ones the script counts it downwards."""
    text = words.get("page", "1").removeprefix("-")
    if not (text.isascii() and text.isdecimal() and len(text) <= 2 and 1 <= int(text) <= MOST_ON):
        raise BadAddress(addresses.PAGES_ON)
    return int(text)


def _list(words: Mapping[str, str]) -> UUID | None:
    text = words.get("list")
    try:
        return UUID(text) if text else None
    except ValueError:
        raise BadAddress(addresses.LIST) from None
