"""A bundle: entries, their proofs, and all that is needed to verify them elsewhere, in one zip.

`docs/verify_ledger.py` reads it; what it relies on is decided there. The last of its entries is
the one that records its making: with what was chosen by which filter, and the hashes of the
entries, of the page for people and of what lies beside it. So nothing can be taken out of a bundle
later, or put in.
"""

import base64
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from pools.evidence.cosigned import newest_cosigned
from pools.evidence.older import BadOlder, OlderCheckpoint
from pools.ledger.appending import Actor, record_event
from pools.ledger.canonical import storable_facts
from pools.ledger.chain import covered, rows_at
from pools.ledger.hashes import leaf_hash
from pools.ledger.signed_checkpoints import NotSigned, public_keys, sign_checkpoint
from pools.ledger.signed_notes import read_note
from pools.ledger.tree import Tree, in_tiles, tree_size
from pools.ledger.witnessing import Request

VERIFIER: Final = Path(settings.BASE_DIR) / "docs/verify_ledger.py"
# Entries that the tree may lack: about a second of work. `tend` sees to it for older ledgers.
MOST_BEHIND: Final = 20_000


class Altered(Exception):
    """An entry is not as it was recorded: there is no proof of it."""

    def __init__(self, number: int) -> None:
        super().__init__(f"entry {number} was altered")
        self.number = number


class NotReady(Exception):
    """The tree over the ledger is not made yet, and making it would take too long here."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What goes into a bundle as it is: the pages for people, and what was chosen and how.

    `filters` is for programs, `words` the same for people. `ledger` is how many entries the
    ledger had, `lines` how many changes or events these are.
    """

    filters: Mapping[str, Any]
    words: str
    company: str
    ledger: int
    lines: int
    page: str
    readme: str


def canonical(numbers: Sequence[int]) -> list[bytes]:
    """The entries as they are hashed. Raises Altered where one can't be read, or is gone."""
    rows = {row[0]: row for row in rows_at(numbers)}
    found = []
    for number in numbers:
        try:
            found.append(covered(rows[number]))
        except (KeyError, TypeError, UnicodeEncodeError):
            raise Altered(number) from None
    return found


def made(
    numbers: Sequence[int], contents: Contents, actor: Actor, older: OlderCheckpoint | None
) -> bytes:
    """A bundle of these entries, once its making is on the ledger.

    Without an older checkpoint it has the newest that a witness has signed, if any.
    Outside any transaction. Raises NotReady, NotSigned, Altered, or a database error; if no
    checkpoint can be signed, or an entry was altered, nothing is recorded.
    """
    rows = canonical(numbers)
    _must_be_provable(numbers, rows)
    older = older or _seen_by_a_witness()
    beside = {
        "README.txt": contents.readme.encode(),
        "keys.txt": "".join(f"{key}\n" for key in public_keys()).encode(),
        "verify_ledger.py": VERIFIER.read_bytes(),
    }
    page = contents.page.encode()
    listed = b"".join(row + b"\n" for row in rows)
    facts: dict[str, Any] = {
        "filters": contents.filters,
        "words": contents.words,
        "entries": len(rows),
        "lines": contents.lines,
        "ledger": contents.ledger,
        "rows_sha256": sha256(listed).hexdigest(),
        "page_sha256": sha256(page).hexdigest(),
        "files_sha256": {name: sha256(data).hexdigest() for name, data in beside.items()},
    }
    facts = storable_facts(facts)
    with transaction.atomic(durable=True):
        number = record_event("evidence_made", actor, company=contents.company, facts=facts).seq
    (own,) = canonical([number])
    checkpoint = read_note(sign_checkpoint())
    tree = Tree(checkpoint.size)
    files = {
        **beside,
        "index.html": page,
        "rows.txt": listed + own + b"\n",
        "proofs.json": _proofs(tree, [*numbers, number], [*rows, own]),
        "checkpoint.txt": str(checkpoint).encode(),
        "filter.json": _as_json(facts),
    }
    if older:
        files["older.txt"] = older.text.encode()
        growth = Request(older.size, tuple(tree.consistency(older.size)), checkpoint)
        files["growth.txt"] = str(growth).encode()
    return _zipped(files, datetime.now(UTC))


def _seen_by_a_witness() -> OlderCheckpoint | None:
    try:
        return newest_cosigned()
    except BadOlder:
        raise NotSigned(
            "The last checkpoint that a witness signed is not what the history says. Run "
            "manage.py verify_audit."
        ) from None


def _must_be_provable(numbers: Sequence[int], rows: Sequence[bytes]) -> None:
    """Before anything is recorded: a checkpoint can be signed, and each entry is in it."""
    if tree_size() - in_tiles() > MOST_BEHIND:
        raise NotReady
    tree = Tree(read_note(sign_checkpoint()).size)
    for number, row in zip(numbers, rows, strict=True):
        if tree.leaf(number - 1) != leaf_hash(row):
            raise Altered(number)


def _proofs(tree: Tree, numbers: Iterable[int], rows: Iterable[bytes]) -> bytes:
    """The hashes beside each entry's way to the root: each hash once, named by its place."""
    places: dict[bytes, int] = {}
    paths = [
        [places.setdefault(each, len(places)) for each in tree.inclusion(number - 1)]
        for number in numbers
    ]
    nodes = [base64.b64encode(each).decode() for each in places]
    return _as_json({"size": tree.size, "nodes": nodes, "paths": paths})


def _as_json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _zipped(files: Mapping[str, bytes], at: datetime) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name, at.timetuple()[:6])
            info.external_attr = 0o644 << 16
            archive.writestr(info, data, zipfile.ZIP_DEFLATED)
    return made.getvalue()
