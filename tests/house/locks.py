"""The lock files, read."""

import re
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-django61.txt")


def pins(name: str) -> Iterator[tuple[Requirement, int]]:
    """Each pinned package of a lock file, and the number of its hashes."""
    for block in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        pin, *hashes = block.replace("\\\n", "").split("--hash=sha256:")
        yield Requirement(pin.strip()), len(hashes)
