"""Tampering at length, judged by docs/verify_ledger.py: with a public key, without AUDIT_KEYS."""

import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from pools.evidence.bundle import Altered
from pools.evidence.exporting import whole_ledger
from pools.ledger.tree import tree_size
from pools.secret import Secret
from tests.evidence.reference import PANEL, checkpoint, growth
from tests.evidence.verifier import (
    Checked,
    Files,
    bundle_of,
    checked_here,
    ledger,
    proofs_of,
    row,
    zipped,
)
from tests.fixtures.ledger_flush import undefended_ledger
from tests.fixtures.sampling import share_of
from tests.ledger import tampering
from tests.ledger.tampering import ENTRIES, SECOND_KEY, WAYS

TRIES = share_of(200)
PER_LEDGER = 25
REWRITTEN = share_of(1000)
CLEAN = share_of(1000)
FLIPPED = share_of(2000)


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Checked:
    return checked_here(capsys, monkeypatch)


def lines() -> list[bytes] | None:
    """The export of the ledger; None where it refuses, as an entry can't be read."""
    try:
        return b"".join(whole_ledger(tree_size())).splitlines()
    except Altered:
        return None


class Auditor:
    """Keeps a checkpoint, and verifies exports against it."""

    def __init__(self, check: Checked, folder: Path) -> None:
        self.check, self.kept, self.export = check, folder / "kept.txt", folder / "ledger.txt"

    def keeps(self, rows: list[bytes]) -> None:
        self.kept.write_text(checkpoint(rows))

    def accepts(self, rows: list[bytes]) -> bool:
        self.export.write_bytes(b"".join(row + b"\n" for row in rows))
        asked = ("export", self.export, "--checkpoint", self.kept, "--key", PANEL.key)
        return self.check(*asked).code == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(900)
def test_whatever_touches_what_a_checkpoint_has_seen_is_found(
    check: Checked, tmp_path: Path
) -> None:
    """With the checkpoint from before, and with no other secret than nobody's."""
    dice, auditor = Random(5), Auditor(check, tmp_path)
    touched: Counter[str] = Counter()
    found: Counter[str] = Counter()
    with (
        closing(tampering._raw()) as raw,
        undefended_ledger(),
        override_settings(AUDIT_KEYS=(*settings.AUDIT_KEYS, ("second", Secret(SECOND_KEY)))),
    ):
        for tried in range(TRIES):
            if tried % PER_LEDGER == 0:
                written = tampering._written(dice, raw)
                clean = lines()
                assert clean is not None
                auditor.keeps(clean)
                assert auditor.accepts(clean)
            for name, way in WAYS.items():
                tampered = way(dice, written)
                leases = written.leases if tampered.leases is None else tampered.leases
                tampering._store(raw, tampered.rows, leases)
                told = lines()
                # What is no part of an entry's text (its own digest, a lease) changes nothing here.
                if told is None or told[:ENTRIES] != clean:
                    touched[name] += 1
                    found[name] += told is None or not auditor.accepts(told)
                else:
                    assert auditor.accepts(told)
        tampering._store(raw, [], [])
    print("| tampered with | touched the checkpoint's entries | found |\n|---|---:|---:|")
    for name in WAYS:
        print(f"| {name} | {touched[name]} | {found[name]} |")
    assert found == touched
    of_leases = {name for name in WAYS if name.startswith("lease ") or "let go" in name}
    assert set(WAYS) - set(touched) == of_leases


@pytest.mark.timeout(300)
def test_a_history_that_is_rewritten_with_every_key_is_found(
    check: Checked, tmp_path: Path
) -> None:
    """Whoever has the host seals and signs anew. One checkpoint kept elsewhere contradicts them."""
    dice, auditor = Random(6), Auditor(check, tmp_path)
    told, rewritten = ledger(30), tmp_path / "theirs.txt"
    for _ in range(REWRITTEN):
        kept = dice.randrange(1, 31)
        auditor.keeps(told[:kept])
        first = dice.randrange(1, kept + 1)
        forged = [*told[: first - 1], *(row(n, actor_name="eve") for n in range(first, 40))]
        assert not auditor.accepts(forged)
        # Signed with the true key: it is not the signature that tells.
        rewritten.write_text(checkpoint(forged))
        asked = ("export", auditor.export, "--checkpoint", rewritten, "--key", PANEL.key)
        assert check(*asked).code == 0
        grown = tmp_path / "growth.txt"
        grown.write_text(growth(kept, forged))
        assert check("growth", grown, "--older", auditor.kept, "--key", PANEL.key).code == 1
    print(f"{REWRITTEN:,} histories rewritten and signed with the true key, all found")


@pytest.mark.timeout(300)
def test_nothing_is_found_where_nothing_was_done(check: Checked, tmp_path: Path) -> None:
    dice, auditor = Random(7), Auditor(check, tmp_path)
    for _ in range(CLEAN):
        told = ledger(dice.randrange(1, 60), by=dice.choice(["ana", "bo"]))
        auditor.keeps(told[: dice.randrange(1, len(told) + 1)])
        assert auditor.accepts(told)
    print(f"{CLEAN:,} clean exports, no false alarm")


@pytest.mark.timeout(300)
def test_a_bundle_with_a_byte_changed_says_the_same_or_is_refused(
    check: Checked, tmp_path: Path
) -> None:
    """Of what a bundle proves with; what stands beside it for people proves nothing."""
    dice, file = Random(8), tmp_path / "evidence.zip"
    files = bundle_of([3, 5, 8], ledger(20), older=11)
    genuine = check("bundle", zipped(files, file), "--key", PANEL.key)
    assert genuine.code == 0
    refused: Counter[str] = Counter()
    names = sorted(set(files) - {"keys.txt"})
    for _ in range(FLIPPED):
        name = dice.choice(names)
        altered = bytearray(files[name])
        altered[dice.randrange(len(altered))] ^= 1 << dice.randrange(8)
        changed: Files = files | {name: bytes(altered)}
        said = check("bundle", zipped(changed, file), "--key", PANEL.key)
        assert said == genuine or said.code == 1, (name, said)
        refused[name] += said.code == 1
    print(f"{FLIPPED:,} bundles with one bit changed: said the same, or refused, {dict(refused)}")
    assert all(refused[name] for name in ("rows.txt", "index.html", "proofs.json"))


def test_a_bundle_of_another_choice_is_refused(check: Checked, tmp_path: Path) -> None:
    """Every choice of entries, with true proofs, under the entry of another choice's making."""
    rows = ledger(9)
    files = bundle_of([2, 5, 7], rows)
    file = tmp_path / "evidence.zip"
    for choice in range(1 << 9):
        chosen = [number for number in range(1, 10) if choice >> (number - 1) & 1]
        listed = b"".join(rows[number - 1] + b"\n" for number in [*chosen, 10])
        changed: dict[str, Any] = files | {
            "rows.txt": listed,
            "proofs.json": proofs_of([*chosen, 10], rows),
        }
        said = check("bundle", zipped(changed, file), "--key", PANEL.key)
        assert said.code == (0 if chosen == [2, 5, 7] else 1)
    assert json.loads(files["filter.json"])["entries"] == 3
