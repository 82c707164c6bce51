"""What the panel's templates may use besides what a view gives them: filters and functions.

They are in Jinja2, which is several times as fast as Django's language, and in which a name
that is missing is an error. All that is put in is escaped; nothing is marked as safe here.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Any, Final

from django.conf import settings
from django.template.defaultfilters import default_if_none, floatformat, pluralize
from django.templatetags.static import static
from django.urls import reverse
from django.utils.html import json_script
from django.utils.text import capfirst
from django_htmx.jinja import htmx_script
from jinja2 import Environment, Template
from jinja2.ext import Extension
from jinja2.lexer import TOKEN_DATA, Token, TokenStream
from jinja2.runtime import Context, Macro
from jinja2.utils import missing
from markupsafe import Markup, escape
from markupsafe._speedups import _escape_inner

from pools.models.vocabulary import Action
from pools.pages.dates import FILTERS
from pools.pages.sentences import parts_of
from pools.tickets import Part
from pools.wording.actions import words_for
from pools.wording.allowances import given, recorded, would_make
from pools.wording.bulk_actions import cap_says, matching_say, pools_say
from pools.wording.changes import in_brief, name_of
from pools.wording.connectors import systems_in_words
from pools.wording.events import nobody_of, shortened
from pools.wording.keys import CHANGES, HOME, KEYS
from pools.wording.moments import age_of, is_past
from pools.wording.names import first_few, nameless, others_have, shown_name, unnamed
from pools.wording.outcomes import meaning_of, standing_of, window_of
from pools.wording.recent_clears import clears_say
from pools.wording.settling import holding, too_early, while_open
from pools.wording.timeline import sentence_of
from pools.wording.verifying import doesnt_fit, verified


def environment(**options: Any) -> Environment:
    """Named by the settings. A line that holds nothing but a tag leaves no line behind."""
    made = Environment(  # noqa: S701  # nosec B701  (settings)
        trim_blocks=True, extensions=[Unindented], **options
    )
    made.template_class = Shown
    made.context_class = Calling
    made.filters.update(_FILTERS)
    # Where a file is served is put together once.
    made.globals.update(static=cache(static), url=url, htmx_script=cache(htmx_script))
    made.globals.update(all_keys=KEYS, key_home=HOME, key_changes=CHANGES)
    return made


def shown(value: Any) -> str:
    """A value as it is put into a page: escaped, as MarkupSafe does it.

    Its own function makes a marked text of each by three calls, for which nothing here asks.
    """
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is int:
        return str(value)
    marked: str = value if kind is Markup else escape(value)
    return marked


class Calling(Context):
    """Jinja2's, which looks at each function for whether it wants the context: none here does."""

    def call(
        self, what: Any, *given: Any, _loop_vars: Any = None, _block_vars: Any = None, **named: Any
    ) -> Any:
        return what(*given, **named)


class PlainMacro(Macro):
    """Jinja2's, which is called with what it takes, in order, nearly always."""

    def __call__(self, *given: Any, **named: Any) -> str:
        lacking = self._argument_count - len(given)
        if named or lacking < 0 or self.caller:
            return super().__call__(*given, **named)
        # What it gives is a text: Markup looks for more than that.
        return str.__new__(Markup, self._func(*given, *[missing] * lacking))


class Shown(Template):
    """Jinja2's, into which values are put by `shown`, and whose macros are plain ones."""

    @classmethod
    def from_code(cls, *given: Any) -> Template:
        made = super().from_code(*given)
        made.root_render_func.__globals__.update(escape=shown, Macro=PlainMacro)
        return made


class Unindented(Extension):
    """Reads templates without their indentation, which was a tenth of a page.

    After a tag that ends a line nothing is left of the line's end: there it is one blank. So is
    the end of a line within an element's tag or a text, which packs better.
    """

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        return _AFTER_TAG.sub(" ", _INDENTATION.sub("", source))

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            is_text = token.type == TOKEN_DATA
            yield token._replace(value=_LINE_END.sub(" ", token.value)) if is_text else token


@lru_cache(maxsize=1024)
def url(name: str, *args: object) -> str:
    """The address of a view; those that pages have in common are put together once."""
    return reverse(name, args=args)


def word(action: Action) -> str:
    """The name of an action in lists, filters and the chart, as it begins a line."""
    return words_for(action).word.capitalize()


def with_tickets(text: str) -> list[Part]:
    """A reason in pieces; ticket ids have an address."""
    parts: list[Part] = settings.TICKETS.parts(text)
    return parts


_INDENTATION: Final = re.compile(r"(?<![%#]\}\n)^[ \t]+", re.MULTILINE)
_AFTER_TAG: Final = re.compile(r"(?<=[%#]\}\n)[ \t]+")
# Not what follows a whole tag: a browser leaves it out at the beginning of a textarea.
_LINE_END: Final = re.compile(r"(?<=[^>\s])\n")
_FILTERS: Final = FILTERS | {
    "age": age_of,
    "cap_says": cap_says,
    "capfirst": capfirst,
    "doesnt_fit": doesnt_fit,
    "default_if_none": default_if_none,
    "first_few": first_few,
    "floatformat": floatformat,
    "holding": holding,
    "in_brief": in_brief,
    "given": given,
    "is_past": is_past,
    "json_script": json_script,
    "matching_say": matching_say,
    "meaning": meaning_of,
    "named": name_of,
    "others_have": others_have,
    "parts": parts_of,
    "pluralize": pluralize,
    "pools_say": pools_say,
    "clears_say": clears_say,
    "nameless": nameless,
    "nobody": nobody_of,
    "sentence": sentence_of,
    "shortened": shortened,
    "shown_name": shown_name,
    "standing": standing_of,
    "systems_in_words": systems_in_words,
    "too_early": too_early,
    "unnamed": unnamed,
    "verified": verified,
    "while_open": while_open,
    "weighed": recorded,
    "window": window_of,
    "with_tickets": with_tickets,
    "word": word,
    "words": words_for,
    "would_make": would_make,
}
