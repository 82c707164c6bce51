"""docs/verify_ledger.py: what an auditor runs, on Python alone, against what somebody forged."""

import base64
import io
import json
import os
import struct
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.evidence import reference
from tests.evidence.reference import PANEL, WITNESS, Signer, checkpoint, growth
from tests.evidence.verifier import (
    SCRIPT,
    Checked,
    Files,
    bundle_of,
    ledger,
    proofs_of,
    row,
    run,
    verifier,
    zipped,
)

is_signed = verifier["is_signed"]
# RFC 8032, 7.1: key, message, signature. Of the longest one only the hash of its message is here.
VECTORS: Final = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
P: Final = verifier["P"]
ORDER: Final = verifier["ORDER"]
# The eight points of small order, and two of them written with y + p.
SMALL: Final = [
    *(0).to_bytes(32, "little").hex().split(),
    (1).to_bytes(32, "little").hex(),
    (P - 1).to_bytes(32, "little").hex(),
    (1 << 255).to_bytes(32, "little").hex(),
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    P.to_bytes(32, "little").hex(),
    (P + 1).to_bytes(32, "little").hex(),
]


@pytest.mark.parametrize(("key", "message", "signature"), VECTORS)
def test_signatures_are_those_of_rfc_8032(key: str, message: str, signature: str) -> None:
    parts = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert is_signed(*parts)
    for place, part in enumerate(parts):
        for at in range(0, len(part), 9):
            altered = bytearray(part)
            altered[at] ^= 1 << (at % 8)
            assert not is_signed(*parts[:place], bytes(altered), *parts[place + 1 :])
    assert not is_signed(parts[0], parts[1] + b" ", parts[2])
    assert not is_signed(parts[0], parts[1], parts[2][:-1])


def test_a_point_is_written_in_one_way() -> None:
    point_of = verifier["point_of"]
    for y in (3, 4):
        assert point_of(y.to_bytes(32, "little")) is not None
        assert point_of((y + P).to_bytes(32, "little")) is None
    # Of the two points without an x, neither has a sign.
    for y in (1, P - 1):
        assert point_of(y.to_bytes(32, "little")) is not None
        assert point_of((y | 1 << 255).to_bytes(32, "little")) is None
    assert point_of((2).to_bytes(32, "little")) is None


def test_it_agrees_with_a_library_about_any_message() -> None:
    for seed in range(12):
        private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        message = bytes(range(seed * 7))
        assert is_signed(key, message, private.sign(message))
        assert not is_signed(key, message + b"x", private.sign(message))


def test_a_signature_has_one_form() -> None:
    key, message, signature = (bytes.fromhex(part) for part in VECTORS[1])
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not is_signed(key, message, signature[:32] + s.to_bytes(32, "little"))


@pytest.mark.parametrize("key", SMALL)
def test_no_key_of_small_order_signs_anything(key: str) -> None:
    """With s = 0 and R the identity, such a key would sign one message in eight."""
    nothing = (1).to_bytes(32, "little") + bytes(32)
    assert not any(is_signed(bytes.fromhex(key), b"%d" % each, nothing) for each in range(16))


def test_proofs_are_those_of_the_definition() -> None:
    leaves, climb, hashed = ledger(33), verifier["climb"], verifier["hashed"]
    keys = verifier["keys_in"](PANEL.key)
    for size in (1, 2, 3, 6, 7, 8, 11, 16, 17, 33):
        tree = leaves[:size]
        root = reference.root(tree)
        for index in range(size):
            leaf, path = hashed(b"\0", tree[index]), reference.inclusion(index, tree)
            assert climb(leaf, index, size - 1, path)[1] == root
            for other in {(index + 1) % size, 0} - {index}:
                assert climb(leaf, other, size - 1, path)[1] != root
            if path:
                assert climb(leaf, index, size - 1, path[:-1])[1] is None
            assert climb(leaf, index, size - 1, [*path, root])[1] is None
        for old in {0, size // 3, size // 2, size - 1, size}:
            (before,) = verifier["checkpoints_in"](checkpoint(leaves[:old]).encode(), keys)
            found = verifier["grown"](growth(old, tree).encode(), before, keys)
            assert (found.size, found.root) == (size, root)


def test_bare_python_verifies_a_bundle(tmp_path: Path) -> None:
    rows = ledger(20)
    file = zipped(bundle_of([3, 5, 8], rows, older=11), tmp_path / "evidence.zip")
    begun = os.times()
    said = run("bundle", file, "--key", PANEL.key)
    ended = os.times()
    assert 0 < sum(ended[2:4]) - sum(begun[2:4]) < 1  # of the processes that were waited for
    assert said.code == 0, said.text
    assert said.text.splitlines() == [
        "3 entries are as they were recorded. None was left out or added.",
        "A selection ('ana') of the 20 entries that there were.",
        "Made by 'ana' at '2026-05-01T10:00:00.000000Z': that is entry 21.",
        "History only grew since the checkpoint of 11 entries.",
        f"The checkpoint of 21 entries is signed by {PANEL.name}.",
    ]


def test_it_can_be_read_in_one_sitting() -> None:
    """Nothing but the standard library, and no more than 300 lines."""
    text = SCRIPT.read_text()
    assert len(text.splitlines()) <= 300
    imported = {
        line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))
    }
    assert imported == {
        *("argparse", "base64", "collections", "functools", "hashlib", "json", "pathlib", "re"),
        *("sys", "zipfile"),
    }


def test_without_a_key_it_says_that_anybody_may_have_made_it(
    check: Checked, tmp_path: Path
) -> None:
    file = zipped(bundle_of([1], ledger(3)), tmp_path / "evidence.zip")
    said, warning = check("bundle", file), "You gave no key: anybody may have made this."
    assert said.code == 3
    assert warning in said.text
    said = check("bundle", file, "--key", PANEL.key)
    assert said.code == 0
    assert warning not in said.text
    # What holds no key of its own can't be checked at all.
    for words in (("export", file, "--checkpoint", file), ("growth", file, "--older", file)):
        said = check(*words)
        assert said.code == 2
        assert "you gave no key, and it needs one: --key" in said.text
    other = Signer(seed=b"o" * 32)
    said = check("bundle", file, "--key", other.key)
    assert said == (1, "Don't rely on it. No key that you gave has signed the checkpoint.")


def test_what_a_bundle_does_not_cover_is_named(check: Checked, tmp_path: Path) -> None:
    files = bundle_of([1], ledger(3)) | {"verify_ledger.py": b"print('fits')"}
    said = check("bundle", zipped(files, tmp_path / "evidence.zip"), "--key", PANEL.key)
    assert said.code == 0
    assert "Not covered, so anybody may have written it: verify_ledger.py." in said.text
    assert "README.txt" not in said.text


def _altered(change: Callable[[Files], None]) -> Files:
    files = bundle_of([3, 5, 8], ledger(20), older=11)
    change(files)
    return files


def _resealed(rows: list[bytes], chosen: list[int]) -> Files:
    """The rows of one ledger with the checkpoint of another."""
    files, ours = bundle_of(chosen, rows), bundle_of(chosen, ledger(20))
    return files | {"checkpoint.txt": ours["checkpoint.txt"]}


def _lines(files: Files, change: Callable[[list[bytes]], Any]) -> None:
    lines = files["rows.txt"].splitlines()
    change(lines)
    files["rows.txt"] = b"".join(line + b"\n" for line in lines)


def _proofs(files: Files, change: Callable[[dict[str, Any]], Any]) -> None:
    proofs = json.loads(files["proofs.json"])
    change(proofs)
    files["proofs.json"] = json.dumps(proofs).encode()


def _set(**files: bytes) -> Callable[[Files], None]:
    return lambda given: given.update(
        {name.replace("_", "."): data for name, data in files.items()}
    )


def _gone(name: str) -> Callable[[Files], None]:
    def change(files: Files) -> None:
        del files[name]

    return change


def _without(number: int) -> Callable[[Files], None]:
    """A row left out, and its proof with it."""

    def change(files: Files) -> None:
        _lines(files, lambda lines: lines.pop(number))
        _proofs(files, lambda proofs: proofs["paths"].pop(number))

    return change


def _twice(files: Files) -> None:
    _lines(files, lambda lines: lines.insert(1, lines[1]))
    _proofs(files, lambda proofs: proofs["paths"].insert(1, proofs["paths"][1]))


def _swapped(files: Files) -> None:
    _lines(files, lambda lines: lines.insert(0, lines.pop(1)))
    _proofs(files, lambda proofs: proofs["paths"].insert(0, proofs["paths"].pop(1)))


def _added(files: Files) -> None:
    """A true entry, with a true proof, that the selection didn't have."""
    rows = ledger(20)
    bundle_of([3, 5, 8], rows)
    _lines(files, lambda lines: lines.insert(1, rows[3]))
    files["proofs.json"] = proofs_of([3, 4, 5, 8, 21], rows)


def _other_filter(files: Files) -> None:
    files["filter.json"] = files["filter.json"].replace(b'"words": "ana"', b'"words": "all"')


def _smaller(files: Files) -> None:
    files["checkpoint.txt"] = checkpoint(ledger(20)).encode()


def _resigned(files: Files) -> None:
    """Everything made again with another key, which the bundle brings along."""
    other = Signer(seed=b"o" * 32)
    rows = ledger(20, by="eve")
    files |= bundle_of([3, 5, 8], rows)
    files["checkpoint.txt"] = checkpoint(rows, other).encode()
    files["keys.txt"] = other.key.encode()


def _forged(files: Files) -> None:
    text = files["checkpoint.txt"].decode().replace("\n21\n", "\n22\n")
    files["checkpoint.txt"] = text.encode()


_REFUSED: Final[dict[str, tuple[Callable[[Files], None], str]]] = {
    "a row changed": (
        lambda files: _lines(files, lambda lines: lines.__setitem__(1, row(5, actor_name="eve"))),
        "Entry 5 isn't as it was recorded.",
    ),
    "a row left out": (_without(1), "An entry was left out or added."),
    "the first row left out": (_without(0), "An entry was left out or added."),
    "the entry of its making left out": (_without(3), "The entry about its making is missing."),
    "a row doubled": (_twice, "An entry is there twice, or they aren't in order."),
    "rows swapped": (_swapped, "An entry is there twice, or they aren't in order."),
    "a true row added": (_added, "An entry was left out or added."),
    "rows of another ledger": (
        lambda files: files.update(_resealed(ledger(20, by="eve"), [3, 5, 8])),
        "Entry 3 isn't as it was recorded.",
    ),
    "a row of a number beyond the ledger": (
        lambda files: _lines(files, lambda lines: lines.__setitem__(3, row(10**17))),
        f"Entry {10**17} isn't as it was recorded.",
    ),
    "a huge number": (
        lambda files: _lines(
            files,
            lambda lines: lines.__setitem__(3, lines[3].replace(b"|21|", b"|%b|" % (b"9" * 9999))),
        ),
        "A line is no entry of a ledger.",
    ),
    "no row": (_set(rows_txt=b""), "A line is no entry of a ledger."),
    "no end of the last line": (
        lambda files: files.update({"rows.txt": files["rows.txt"][:-1]}),
        "A line is no entry of a ledger.",
    ),
    "a proof of another size": (
        lambda files: files.update({"proofs.json": proofs_of([3, 5, 8, 20], ledger(20))}),
        "Entry 3 isn't as it was recorded.",
    ),
    "a checkpoint of another size": (_smaller, "Entry 3 isn't as it was recorded."),
    "a proof that is missing": (
        lambda files: _proofs(files, lambda proofs: proofs["paths"].pop()),
        "zip() argument 3 is shorter",
    ),
    "a proof that leads nowhere": (
        lambda files: _proofs(files, lambda proofs: proofs["paths"][0].append(99)),
        "list index out of range",
    ),
    "a checkpoint made again with another key": (
        _resigned,
        "No key that you gave has signed the checkpoint.",
    ),
    "a forged checkpoint": (_forged, "The checkpoint of 22 entries is forged"),
    "no checkpoint": (_set(checkpoint_txt=b""), "What should be a checkpoint is none."),
    "bytes for a checkpoint": (_set(checkpoint_txt=b"\xff\n"), "codec can't decode"),
    "another page": (
        _set(index_html=b"<p>not guilty"),
        "Not as it was when this was made: 'index.html'.",
    ),
    "another text to read first": (
        _set(README_txt=b"Trust it."),
        "Not as it was when this was made: 'README.txt'.",
    ),
    "no text to read first": (
        _gone("README.txt"),
        "Not as it was when this was made: 'README.txt'.",
    ),
    "another filter": (_other_filter, "The filter isn't the one"),
    "deep JSON": (_set(proofs_json=b"[" * 200_000), "maximum recursion depth"),
    "a number that takes long to read": (_set(proofs_json=b"9" * 100_000), "Exceeds the limit"),
    "JSON of another kind": (_set(proofs_json=b"[]"), "list indices must be"),
    "a name twice in JSON": (
        _set(proofs_json=b'{"nodes":[],"nodes":[],"paths":[]}'),
        "It has a name twice.",
    ),
    "an older checkpoint of another history": (
        _set(older_txt=checkpoint(ledger(11, by="eve")).encode()),
        "History was altered: it doesn't continue the checkpoint of 11 entries.",
    ),
    "growth from another size": (
        _set(growth_txt=growth(10, ledger(20)).encode()),
        "It proves no growth from 11 entries: make it with that checkpoint.",
    ),
    "growth to another checkpoint": (
        _set(growth_txt=growth(11, ledger(25)).encode()),
        "The proof of growth leads to another checkpoint.",
    ),
    "endless growth": (
        _set(growth_txt=b"old 11\n" + b"AAAA\n" * 10_000 + b"\n" + checkpoint(ledger(21)).encode()),
        "History was altered",
    ),
    "an older checkpoint without a proof": (
        _gone("growth.txt"),
        "It proves no growth",
    ),
    "a file too many": (_set(extra_txt=b""), "It is no bundle"),
    "a file that is missing": (_gone("filter.json"), "It is no bundle"),
    "a way out of the folder": (
        lambda files: files.update({"../rows.txt": b""}),
        "It is no bundle",
    ),
    "an absolute path": (lambda files: files.update({"/etc/rows.txt": b""}), "It is no bundle"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_was_tampered_with_is_refused(name: str, check: Checked, tmp_path: Path) -> None:
    change, sentence = _REFUSED[name]
    file = zipped(_altered(change), tmp_path / "evidence.zip")
    said = check("bundle", file, "--key", PANEL.key)
    assert said.code == 1, said
    assert "Don't rely on it. " + sentence in said.text or sentence in said.text, said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence.zip"]


def _zip_of(*members: tuple[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return made.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_zip_costs_little_and_says_nothing(check: Checked, tmp_path: Path) -> None:
    files = bundle_of([3], ledger(5))
    good, file = _zip_of(*files.items()), tmp_path / "evidence.zip"
    bomb = _zip_of(*(files | {"rows.txt": bytes(80 << 20)}).items())
    twice = _zip_of(*files.items(), ("rows.txt", files["rows.txt"]))
    broken = bytearray(good)
    broken[60:70] = b"\xff" * 10
    locked = bytearray(good)
    for at in range(len(locked) - 4):
        if bytes(locked[at : at + 4]) in {b"PK\1\2", b"PK\3\4"}:
            flag = at + (8 if locked[at + 2] == 1 else 6)
            struct.pack_into("<H", locked, flag, 1)
    for data, sentence in [
        (bomb, "It unpacks to more than a bundle can hold."),
        (twice, "It is no bundle"),
        (bytes(broken), ""),
        (bytes(locked), "encrypted"),
        (good[:200], "not a zip file"),
        (b"", "not a zip file"),
    ]:
        file.write_bytes(data)
        begun = time.process_time()
        said = check("bundle", file, "--key", PANEL.key)
        assert said.code == 1
        assert sentence in said.text
        assert time.process_time() - begun < 2
    file.write_bytes(good)
    assert check("bundle", file, "--key", PANEL.key).code == 0


def test_checkpoints_are_read_as_their_documents_say(check: Checked, tmp_path: Path) -> None:
    rows, old = ledger(9), tmp_path / "old.txt"
    file = tmp_path / "growth.txt"
    keys = ["--key", PANEL.key, "--key", WITNESS.key]
    old.write_text(checkpoint(rows[:4]))
    stranger = Signer("stranger.example", seed=b"x" * 32)
    file.write_text(
        growth(4, rows).replace(checkpoint(rows), checkpoint(rows, stranger, PANEL, WITNESS))
    )
    said = check("growth", file, "--older", old, *keys)
    assert said.text.splitlines() == [
        "History only grew since the checkpoint of 4 entries.",
        f"The checkpoint of 9 entries is signed by {PANEL.name}, {WITNESS.name}.",
    ]
    assert said.code == 0

    body = checkpoint(rows).partition("\n\n")[0] + "\n"
    other = Signer(seed=b"o" * 32)
    mislabelled = PANEL.line(body).replace(PANEL.name, "somebody")
    as_witness = Signer(kind=4).line(body)
    for lines, sentence in [
        (PANEL.line(body)[:-9] + "AAAAAAA=\n", "is forged"),
        (PANEL.line(body)[:-9] + "\n", "is forged"),
        (other.line(body), "No key that you gave has signed"),
        (WITNESS.line(body), "No key that you gave has signed"),
        (as_witness, "No key that you gave has signed"),
        (mislabelled, "No key that you gave has signed"),
        (PANEL.line(body) + WITNESS.line(body + "x"), "is forged"),
        (f"— {PANEL.name} !!!\n", "Only base64 data is allowed"),
        (PANEL.line(body) * 101, "What should be a checkpoint is none."),
    ]:
        file.write_text(growth(4, rows).replace(PANEL.line(body), lines))
        said = check("growth", file, "--older", old, *keys)
        assert said.code == 1
        assert sentence in said.text
    for size in ("09", "-9", "9.0", "٩", "1" * 30, ""):
        text = f"{reference.ORIGIN}\n{size}\n{base64.b64encode(bytes(32)).decode()}\n"
        old.write_text(f"{text}\n{PANEL.line(text)}")
        assert check("growth", file, "--older", old, *keys).code == 1


def test_keys_are_what_they_say(check: Checked, tmp_path: Path) -> None:
    file = zipped(bundle_of([1], ledger(3)), tmp_path / "evidence.zip")
    listed = tmp_path / "keys.txt"
    listed.write_text(f"{WITNESS.key}\n\n{PANEL.key}\n")
    assert check("bundle", file, "--key", listed).code == 0
    name, known_as, data = PANEL.key.split("+", 2)
    for key in [
        f"{name}+00000000+{data}",
        f"other+{known_as}+{data}",
        f"{name}+{known_as}+{data[:-4]}",
        f"\x1b[2J{name}+{known_as}+{data}",
        f"{name}+{known_as}+",
        Signer(kind=2).key,
        Signer(name=f"\x1b[2J{reference.ORIGIN}").key,
    ]:
        said = check("bundle", file, "--key", key)
        assert said.code == 2
        assert "This is no public key" in said.text
        assert "\x1b" not in said.text
    assert check("bundle", file, "--key", tmp_path / "nowhere").code == 2
    for content in (b"", b"\n\n", b"\xff\xfe", b"no key"):
        (tmp_path / "bad.txt").write_bytes(content)
        said = check("bundle", file, "--key", tmp_path / "bad.txt")
        assert said.code == 2, said
        assert "Don't rely on it" not in said.text
    assert check("bundle", tmp_path / "nowhere", "--key", PANEL.key).code == 2
    assert check("export", file, "--key", PANEL.key).code == 2
    assert check("growth", file, "--key", PANEL.key).code == 2


def test_a_whole_export_is_compared_with_every_checkpoint(check: Checked, tmp_path: Path) -> None:
    rows = ledger(23)
    file, points = tmp_path / "ledger.txt", tmp_path / "checkpoints.txt"
    points.write_text("".join(checkpoint(rows[:size]) for size in (5, 10, 20)))

    def exported(kept: list[bytes]) -> tuple[int, str]:
        file.write_bytes(b"".join(line + b"\n" for line in kept))
        return check("export", file, "--checkpoint", points, "--key", PANEL.key)

    code, text = exported(rows)
    assert code == 0
    assert text.startswith("Entries 1 to 20 are as they were recorded, and 3 newer not checked.")
    altered = [*rows[:6], row(7, actor_name="eve"), *rows[7:]]
    assert exported(altered) == (1, "Don't rely on it. Entries 6 to 10 were altered.")
    assert exported(rows[:18]) == (
        1,
        "Don't rely on it. It has entries 1 to 18, but a checkpoint is of 20 entries.",
    )
    assert exported([])[0] == 1
    for kept in (rows[:3] + rows[4:], rows[:4] + rows[3:], rows[::-1], [b"x", *rows], rows[1:]):
        code, text = exported(kept)
        assert code == 1
        assert "is missing or damaged" in text
    file.write_bytes(b"1" * (3 << 20))
    assert check("export", file, "--checkpoint", points, "--key", PANEL.key).code == 1


def test_an_export_that_begins_later_is_compared_with_what_came_before(
    check: Checked, tmp_path: Path
) -> None:
    rows, file, points = ledger(23), tmp_path / "ledger.txt", tmp_path / "points.txt"
    root = base64.b64encode(reference.root(rows[:4])).decode()

    def exported(roots: list[str], *checkpoints: str) -> tuple[int, str]:
        head = json.dumps({"after": 4, "roots": roots}, separators=(",", ":"))
        file.write_bytes(b"".join(line + b"\n" for line in [head.encode(), *rows[4:]]))
        points.write_text("".join(checkpoints))
        return check("export", file, "--checkpoint", points, "--key", PANEL.key)

    now = checkpoint(rows)
    code, text = exported([root], checkpoint(rows[:4]), now)
    assert (code, text.splitlines()[0]) == (0, "Entries 5 to 23 are as they were recorded.")
    not_signed = (1, "Don't rely on it. Entries 1 to 4 aren't those signed.")
    assert exported([root], checkpoint(ledger(4, by="eve")), now) == not_signed
    assert exported([root, root], now) == not_signed
    assert exported([], now) == not_signed
    other = base64.b64encode(reference.root(rows[:5])).decode()
    assert exported([other], now) == (1, "Don't rely on it. Entries 5 to 23 were altered.")
    # What is of entries before it says nothing about these.
    assert exported([root], checkpoint(rows[:4]))[0] == 1
    assert exported([root], checkpoint(rows[:3]))[0] == 1
