"""The feed into a file that a shipper of logs reads: whatever ends this, nothing is missing there.

Lines are on the disk before the note of the last one is. So whoever goes on after a kill, or
after the file was rotated away, repeats a line at most, under the same id.
"""

import fcntl
import json
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

from pools.feed.lines import Cursor, Line

# As far back as a whole line is looked for: none is longer.
_TAIL: Final = 2**24


class InUse(Exception):
    """Another process writes to the file."""


class FeedFile:
    """A file of lines, and beside it the note of the last one: `NAME.cursor`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.note = path.with_name(f"{path.name}.cursor")
        self._file = self._opened()
        self.cursor = max(self._last_line(), self._noted(), key=lambda each: each.seq)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, lines: Iterable[Line]) -> int:
        """Writes lines, and how many those were."""
        batch = list(lines)
        if not batch:
            return 0
        self._reopen_where_rotated()
        self._file.write(b"".join(f"{line.text}\n".encode() for line in batch))
        self._file.flush()
        os.fsync(self._file.fileno())
        self.cursor = batch[-1].cursor
        self._write_note()
        return len(batch)

    def _opened(self) -> BinaryIO:
        file = self.path.open("ab+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InUse(self.path) from None
        return file

    def _reopen_where_rotated(self) -> None:
        mine = os.fstat(self._file.fileno())
        there = self.path.stat() if self.path.exists() else None
        if there is None or (there.st_ino, there.st_dev) != (mine.st_ino, mine.st_dev):
            self._file.close()
            self._file = self._opened()

    def _last_line(self) -> Cursor:
        """Of the last whole line; what a kill left of one behind it is cut off."""
        size = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, size - _TAIL))
        tail = self._file.read()
        whole = tail.rfind(b"\n") + 1
        self._file.truncate(size - len(tail) + whole)
        last = tail[:whole].splitlines()[-1:]
        try:
            return _cursor_of(last[0]) if last else Cursor()
        except (ValueError, LookupError, TypeError):
            return Cursor()

    def _noted(self) -> Cursor:
        try:
            seq, uid = self.note.read_text().split()
            return Cursor(int(seq), uid)
        except (OSError, ValueError):
            return Cursor()

    def _write_note(self) -> None:
        """Whole or not at all."""
        new = self.note.with_name(f"{self.note.name}.new")
        new.write_text(f"{self.cursor.seq} {self.cursor.uid}\n")
        new.replace(self.note)


def _cursor_of(line: bytes) -> Cursor:
    metadata = json.loads(line)["metadata"]
    return Cursor(int(metadata["sequence"]), str(metadata["uid"]))
