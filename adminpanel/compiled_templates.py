"""Templates as bytecode, made where static files are collected.

To compile those of one page takes a process a sixth of a second, and megabytes that it does not
give back. What was made from another text than a template has now is not used.
"""

from pathlib import Path

from django.template import engines
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class CompiledTemplates(BytecodeCache):
    """What a folder has of them. A page only reads there: `keep_all` alone writes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keeping = False

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            bucket.bytecode_from_string((self._folder / bucket.key).read_bytes())
        except OSError:
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        if self._keeping:
            # Whole or not at all: a panel may be running.
            fresh = self._folder / f"{bucket.key}.new"
            fresh.write_bytes(bucket.bytecode_to_string())
            fresh.replace(self._folder / bucket.key)

    def keep_all(self) -> int:
        """Compiles all templates that people see, and says how many. Raises OSError."""
        environment = engines["jinja2"].env  # type: ignore[attr-defined]  # (Jinja2's)
        self._folder.mkdir(exist_ok=True)
        for file in self._folder.iterdir():
            file.unlink()
        names = environment.list_templates(extensions=["html"])
        self._keeping = True
        for name in names:
            environment.loader.load(environment, name)
        self._keeping = False
        return len(names)
