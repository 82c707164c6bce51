"""How static files are collected: the style sheets that one of them imports are put into it."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage

SHEET: Final = "css/panel.css"
_IMPORT: Final = re.compile(r'@import url\("([^"/]+)"\);\n')


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # (without types)
    """With hashed names and compressed, as whitenoise serves them; one style sheet for a page."""

    def post_process(
        self, paths: dict[str, tuple[Any, str]], *args: Any, **options: Any
    ) -> Iterator[Any]:
        def collected(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as file:
                content: bytes = file.read()
            return content.decode()

        whole = InMemoryStorage()
        whole.save(SHEET, ContentFile(whole_sheet(collected).encode()))
        yield from super().post_process({**paths, SHEET: (whole, SHEET)}, *args, **options)


def whole_sheet(read: Callable[[str], str]) -> str:
    """The style sheet with those that it imports; `read` gives a static file's text."""
    return _IMPORT.sub(lambda found: read(f"css/{found[1]}"), read(SHEET))
