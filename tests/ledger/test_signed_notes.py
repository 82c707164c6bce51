"""Checkpoints as C2SP has them: signed notes, public keys, cosignatures."""

import base64
from dataclasses import replace

import pytest

from pools.ledger.signed_notes import (
    COSIGNATURE,
    MOST_SIGNATURES,
    BadNote,
    Note,
    Signature,
    cosigned,
    public_key,
    read_key,
    read_note,
    read_notes,
    signed,
    signers,
)
from tests.fixtures.signing import OTHER, PRIVATE

ORIGIN = "panel.example/ledger"
BARE = Note(ORIGIN, 5, bytes(range(32)))
KEY = public_key(PRIVATE, ORIGIN)
NOTE = replace(BARE, signatures=(signed(BARE, PRIVATE, ORIGIN),))
TEXT = str(NOTE)
# From the documentation of Go's package for notes, and from the format's own example.
FOREIGN_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
EXAMPLE = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
"""  # noqa: E501


def test_it_is_written_as_the_format_has_it() -> None:
    root = base64.b64encode(BARE.root).decode()
    line = TEXT.splitlines()[4]
    assert f"{ORIGIN}\n5\n{root}\n\n{line}\n" == TEXT
    assert line.startswith(f"— {ORIGIN} ")
    raw = base64.b64decode(line.split(" ")[2])
    assert (raw[:4], len(raw)) == (KEY.hash, 68)
    PRIVATE.public_key().verify(raw[4:], f"{ORIGIN}\n5\n{root}\n".encode())


def test_what_others_write_is_read() -> None:
    note = read_note(EXAMPLE)
    assert (note.origin, note.size) == ("example.com/behind-the-sofa", 20852163)
    assert [each.name for each in note.signatures] == [note.origin, "witness.example.com/w1"]
    assert str(note) == EXAMPLE
    assert str(read_key(FOREIGN_KEY)) == FOREIGN_KEY
    assert signers(note, [KEY]) == []


def test_its_key_verifies_it_and_unknown_signatures_are_passed_over() -> None:
    other = public_key(OTHER, ORIGIN)
    both = replace(NOTE, signatures=(signed(BARE, OTHER, ORIGIN), *NOTE.signatures))
    assert read_note(TEXT) == NOTE
    assert signers(NOTE, [KEY, other]) == [KEY]
    assert signers(both, [KEY]) == [KEY]
    assert signers(both, [KEY, other]) == [other, KEY]
    assert signers(NOTE, [other]) == []
    # The same key under another name is another key.
    assert signers(NOTE, [public_key(PRIVATE, "elsewhere/ledger")]) == []
    assert signers(NOTE, [public_key(PRIVATE, ORIGIN, COSIGNATURE)]) == []


def test_a_witness_adds_its_line_with_the_time() -> None:
    name, seconds = "witness.example/w1", 1_796_000_000
    witness = public_key(OTHER, name, COSIGNATURE)
    line = cosigned(NOTE, OTHER, name, seconds)
    both = replace(NOTE, signatures=(*NOTE.signatures, line))
    assert signers(read_note(str(both)), [KEY, witness]) == [KEY, witness]
    assert line.raw[:8] == seconds.to_bytes(8)
    assert len(line.raw) == 72
    message = f"cosignature/v1\ntime {seconds}\n{BARE.body}".encode()
    OTHER.public_key().verify(line.raw[8:], message)
    later = Signature(name, witness.hash, (seconds + 1).to_bytes(8) + line.raw[8:])
    with pytest.raises(BadNote, match="does not fit"):
        signers(replace(NOTE, signatures=(*NOTE.signatures, later)), [KEY, witness])


@pytest.mark.parametrize(
    "forged",
    [
        replace(NOTE, size=6),
        replace(NOTE, root=bytes(32)),
        replace(NOTE, signatures=(Signature(ORIGIN, KEY.hash, bytes(64)),)),
        replace(NOTE, signatures=(Signature(ORIGIN, KEY.hash, bytes(3)),)),
        replace(NOTE, signatures=(*NOTE.signatures, Signature(ORIGIN, KEY.hash, bytes(64)))),
    ],
    ids=["size", "root", "signature", "short signature", "one of two"],
)
def test_a_forged_one_is_refused(forged: Note) -> None:
    with pytest.raises(BadNote, match="forged or damaged"):
        signers(forged, [KEY])


BROKEN = {
    "nothing": "",
    "no signature": f"{BARE.body}\n",
    "no empty line": TEXT.replace("\n\n", "\n"),
    "no end": TEXT[:-1],
    "an extension": TEXT.replace("\n\n", "\nmore\n\n"),
    "a size with a zero before": TEXT.replace("\n5\n", "\n05\n"),
    "a negative size": TEXT.replace("\n5\n", "\n-5\n"),
    "another alphabet": TEXT.replace("\n5\n", "\n\u0665\n"),
    "a size too long": TEXT.replace("\n5\n", f"\n{'5' * 5000}\n"),
    "a short root": TEXT.replace("AAEC", ""),
    "base64 of another spelling": TEXT.replace("Hh8=\n", "Hh9=\n"),
    "a control character": TEXT.replace("panel", "pa\x1bnel"),
    "a tab": TEXT.replace(f"— {ORIGIN} ", f"— {ORIGIN}\t"),
    "no name": TEXT.replace(f"— {ORIGIN} ", "—  "),
    "windows": TEXT.replace("\n", "\r\n"),
    "too many": TEXT + TEXT.splitlines(keepends=True)[4] * MOST_SIGNATURES,
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN.keys())
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    assert text != TEXT
    with pytest.raises(BadNote):
        read_note(text)


@pytest.mark.parametrize(
    "text",
    ["", "a+b+c", str(KEY)[:-4], str(KEY).replace("panel", "other"), f"a+00000000+{'A' * 44}"],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(BadNote):
        read_key(text)


def test_a_file_has_several_one_after_the_other_and_anything_between() -> None:
    lines = [*TEXT.splitlines(), *EXAMPLE.splitlines(), "", "a note", *TEXT.splitlines()]
    assert list(read_notes(lines)) == [NOTE, read_note(EXAMPLE), NOTE]
    assert list(read_notes(f"{line}\r\n" for line in lines)) == [NOTE, read_note(EXAMPLE), NOTE]
    damaged = TEXT.replace("\n5\n", "\nfive\n").splitlines()
    (bad, good) = read_notes([*damaged, *TEXT.splitlines()])
    assert isinstance(bad, BadNote)
    assert good == NOTE
    assert list(read_notes(["nothing", "at all"])) == []
