"""How the panel's templates are read."""

from typing import Any

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
    assert written == '<a\nhref="/"\ndata-key="x" title="b">\n c\nx\n · d</a>'


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
