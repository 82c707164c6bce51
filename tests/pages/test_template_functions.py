"""How the panel's templates are read."""

from typing import Any

import jinja2
import pytest
from django.template import engines
from django.utils.safestring import mark_safe
from jinja2 import UndefinedError
from markupsafe import Markup, escape

from pools.models.stored import GarbledText
from pools.models.vocabulary import Action

SOURCE = """<a
   href="/"
   {% if key %}data-key="{{ key }}"{% endif %}
   title="b">
  {% if key %}
    c
    {{ key }}
  {% endif %}
  · d</a>"""


def test_pages_have_no_indentation_and_what_it_kept_apart_stays_apart() -> None:
    written = engines["jinja2"].from_string(SOURCE).render({"key": "x"})
    assert written == '<a href="/" data-key="x" title="b">\n c x\n · d</a>'


class Marked:
    def __html__(self) -> str:
        return "<i>"


@pytest.mark.parametrize(
    "value",
    [
        *("plain", "<script>", '"', "'", "&amp;", "&<>\"'" * 3, "\u202e<", ""),
        *(0, -5, 10**30, 1.5, True, None, Action.EDIT, GarbledText("<b>"), ["<"], ("'",)),
        *(Markup("<b>"), mark_safe("<b>"), Marked()),
    ],
)
def test_what_is_put_into_a_page_is_escaped_as_markupsafe_does_it(value: Any) -> None:
    template = engines["jinja2"].from_string(
        "{% macro each(it) %}{{ it }}{% endmacro %}{{ value }}{{ each(value) }}"
    )
    assert template.render({"value": value}) == str(escape(value)) * 2


def test_a_name_that_is_missing_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        engines["jinja2"].from_string("{{ nothing_of_the_kind }}").render({})


def test_a_template_of_a_file_is_escaped_as_well() -> None:
    page = engines["jinja2"].get_template("evidence/bundle.html")
    assert page.template.root_render_func.__globals__["escape"]("<") == "&lt;"  # type: ignore[attr-defined]
    assert type(page.template.root_render_func.__globals__["escape"]("<")) is str  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "source",
    [
        "{{ told('<', 2) }}",
        "{{ told('<') }}",
        "{{ told(b=2, a='<') }}",
        "{% for b in (1, 2) %}{{ told('<', b) }}{% endfor %}",
        "{{ [told('<', 2)]|first }}",
        "{% call around('<') %}{{ told('>', 2) }}{% endcall %}",
        "{{ told('<', '{}:{}'.format(*(1, 2))) }}",
    ],
)
def test_a_macro_is_called_as_jinja_calls_it(source: str) -> None:
    macros = (
        "{% macro told(a, b='-') %}<i>{{ a }}{{ b }}</i>{% endmacro %}"
        "{% macro around(a) %}<b>{{ a }}{{ caller() if caller else '' }}</b>{% endmacro %}"
    )
    written = engines["jinja2"].from_string(macros + source).render({})
    assert written == jinja2.Environment(autoescape=True).from_string(macros + source).render({})


@pytest.mark.parametrize("source", ["{{ told(1, 2, 3) }}", "{{ told(1, c=2) }}", "{{ told() }}"])
def test_a_macro_that_is_called_otherwise_is_an_error(source: str) -> None:
    macro = "{% macro told(a, b='-') %}{{ a }}{{ b }}{% endmacro %}"
    with pytest.raises((TypeError, UndefinedError)):
        engines["jinja2"].from_string(macro + source).render({})
    with pytest.raises(UndefinedError):
        engines["jinja2"].from_string("{{ nothing_of_the_kind() }}").render({})


def test_no_function_of_templates_asks_for_their_context() -> None:
    """They are called without it."""
    asking = [
        name
        for name, each in engines["jinja2"].env.globals.items()  # type: ignore[attr-defined]
        if getattr(each, "jinja_pass_arg", None)
    ]
    assert asking == []
