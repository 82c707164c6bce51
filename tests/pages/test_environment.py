"""How the panel's templates are read."""

from django.template import engines

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
