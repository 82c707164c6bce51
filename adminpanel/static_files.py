"""How static files are collected: without what a browser has no use for, and few of them.

What a style sheet or a script imports is put into it, and comments and indentation are left out;
of style sheets, other blanks that nobody needs as well.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

_OURS: Final = re.compile(r"(?:css|js)/[^/]+")
_IMPORT: Final = re.compile(r'^(?:@import url\("|import "\./)([^"/]+)"\)?;\n', re.MULTILINE)
# Only what begins a line: no text of ours has more than one.
_COMMENT: Final = re.compile(r"^[ \t]*(?:/\*.*?\*/|//[^\n]*)", re.MULTILINE | re.DOTALL)
_INDENTATION: Final = re.compile(r"^\s+", re.MULTILINE)
# Of a style sheet, outside of what stands in quotes.
_BLANKS: Final = re.compile(r'("[^"]*")|\s*([{};,])\s*|(?<=[\w-])(:)\s+')


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # (without types)
    """With hashed names and compressed, as whitenoise serves them."""

    def post_process(
        self, paths: dict[str, tuple[Any, str]], *args: Any, **options: Any
    ) -> Iterator[Any]:
        def collected(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                content: bytes = file.read()
            return content.decode()

        light = InMemoryStorage()
        for name, text in served(paths, collected).items():
            light.save(name, ContentFile(text.encode()))
            paths = {**paths, name: (light, name)}
        yield from super().post_process(paths, *args, **options)


def served(names: Iterable[str], read: Callable[[str], str]) -> dict[str, str]:
    """The panel's own style sheets and scripts as browsers get them; `read` gives a file's text."""

    def whole(name: str) -> str:
        folder = name.partition("/")[0]
        return _IMPORT.sub(lambda found: whole(f"{folder}/{found[1]}"), read(name))

    def light(name: str) -> str:
        text = _INDENTATION.sub("", _COMMENT.sub("", whole(name)))
        return _BLANKS.sub(r"\1\2\3", text) if name.endswith(".css") else text

    return {name: light(name) for name in filter(_OURS.fullmatch, names)}
