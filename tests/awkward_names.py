"""Names to be awkward with, and a look at pages for what came of them.

Each is only text. A page with it has the same elements and attributes as with plain
names, no address in it leads away from the panel, and the text is there as it was given.
"""

from collections import Counter
from functools import lru_cache
from itertools import cycle
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

# What a name would have to fetch to show that it was more than text.
TRAP: Final = "/caught-by-a-name"
NASTIEST: Final = (
    f"<script src={TRAP}></script>",
    f"<img src={TRAP} onerror=alert(1)>",
    f'"><img src="{TRAP}">',
    f"'><svg/onload=fetch('{TRAP}')>",
    f'<b hx-get="{TRAP}" hx-trigger="load">x</b>',
    f'" hx-get="{TRAP}" hx-trigger="load" x="',
    f"' data-hx-post='{TRAP}' data-hx-trigger='load' x='",
    f'<div hx-on::load="fetch(`{TRAP}`)">',
    f'<link rel=stylesheet href="{TRAP}">',
    f"<style>@import url({TRAP});</style>",
    f"<iframe src={TRAP}></iframe>",
    f'<form action="{TRAP}" id=main><input name=csrfmiddlewaretoken>',
    f'<meta http-equiv="refresh" content="0;url={TRAP}">',
    f'<base href="{TRAP}">',
    f"</title><script src={TRAP}></script>",
    f"</textarea></select></table></bdi><img src={TRAP}>",
    f"<!--><img src={TRAP}>-->",
    f"</pre></script><script>fetch('{TRAP}')</script>",
    f"javascript:fetch('{TRAP}')",
    f"data:text/html,<script src={TRAP}></script>",
    f"//evil.example{TRAP}",
    "{{ 7|add:7 }}{% debug %}{% csrf_token %}{# x #}",
    "${7*7}#{7*7}<%= 7*7 %>%(name)s{0.__class__}",
    "&lt;b&gt;&amp;&#60;b&#62;&notin;&#x0;",
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)",
    "\t=1",
    "\r=1",
    'a,"b",c;d\r\n=1',
    "\u202egnp.exe\u202c",
    "\u2066\u2067\u2068rtl\u2069 \u200f\u200e",
    "שלום עולם مرحبا",
    "Z͑ͫ̓a̴l̵g̸o҉ e\u0301\u0301\u0301",
    "👩\u200d👩\u200d👧\u200d👦 🏳️\u200d🌈",
    "\ufeff\u200b\u00ad\u2060zero width",
    "\ufffd\uffff\U0010ffff",
    "\x01\x02\x1b[31m\x7f\x85\u2028\u2029",
    'two\nlines "event": "signed_in"\r\nthree',
    "'; DROP TABLE pools_entry; --",
    "%s%n%x{}{0}%(x)d%",
    "../../../etc/passwd",
    "\\\\host\\share\\",
    "  spaces  around  ",
    "null", "None", "NaN", "true", "[]", "__proto__", "constructor",
)  # fmt: skip
_PIECES: Final = st.one_of(
    st.text("<>\"'&;{}%=`\\/#@+-\r\n\t -!", min_size=1, max_size=10),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=8),
)
_LONGEST: Final = 1500
_ADDRESSES: Final = {"href", "src", "action", "formaction", "hx-get", "hx-post"}
# An element and the names of its attributes.
Part = tuple[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def five_thousand() -> tuple[str, ...]:
    """Different ones at every run, the nastiest first; none is of spaces alone.

    Hypothesis makes pieces; a name is one of them, one over and over, or one at either end
    of the nastiest.
    """
    found = dict.fromkeys(NASTIEST)
    nastiest = cycle(NASTIEST)

    @settings(
        max_examples=12,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(_PIECES, min_size=100, max_size=120))
    def collect(pieces: list[str]) -> None:
        for piece in filter(str.strip, pieces):
            nasty = next(nastiest)
            names = piece, (piece * 150)[:_LONGEST], f"{piece}{nasty}", f"{nasty}{piece}"
            found.update(dict.fromkeys(names))

    while len(found) < 5000:
        collect()
    return tuple(found)[:5000]


def as_parsed(text: str) -> str:
    """The text that a browser reads where a page has this: line ends become one."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


class Page:
    """A page as a browser takes it apart."""

    def __init__(self, html: str) -> None:
        # A fragment of table rows is one only inside a table.
        table = html.lstrip().startswith("<tr")
        self.tree = LexborHTMLParser(f"<table>{html}</table>" if table else html)
        root = self.tree.root
        assert root is not None
        self._elements = [
            (str(node.tag), node.attributes) for node in root.traverse(include_text=False)
        ]

    def shape(self, selector: str = "") -> Counter[Part]:
        """How many elements there are with which attributes; comments count as well."""
        elements = self._elements
        if selector:
            elements = [(str(node.tag), node.attributes) for node in self.tree.css(selector)]
        return Counter((tag, tuple(sorted(given))) for tag, given in elements)

    def grown(self, larger: "Page", count: int) -> Counter[Part]:
        """The shape with `count` rows, where this page has one and `larger` has two."""
        one, two = self.shape(), larger.shape()
        return Counter({part: one[part] + (two[part] - one[part]) * (count - 1) for part in two})

    def texts(self, selector: str) -> list[str]:
        return [node.text(deep=True) for node in self.tree.css(selector)]

    def attributes(self, selector: str, name: str) -> list[str]:
        return [node.attributes.get(name) or "" for node in self.tree.css(selector)]

    def leads_away(self) -> list[str]:
        """Addresses in it that a browser would take for another place than this panel."""
        return [
            target
            for _, given in self._elements
            for name in _ADDRESSES & given.keys()
            if (target := given[name])
            and not (target[0] in "/#?" and target[1:2] not in ("/", "\\"))
        ]
