"""The verifier as a module and as a program, and bundles and exports to feed it."""

import base64
import hashlib
import io
import json
import runpy
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.evidence.reference import PANEL, checkpoint, growth, inclusion

SCRIPT: Final = Path(__file__).parents[2] / "docs/verify_ledger.py"
# Its functions, by name: it is no package that could be imported.
verifier: Final[dict[str, Any]] = runpy.run_path(str(SCRIPT))
Files = dict[str, bytes]


class Said(NamedTuple):
    """How the verifier ended, and all that it said."""

    code: int
    text: str


def run(*words: str | Path) -> Said:
    """Bare Python runs it: without site packages, environment or the folder it is started in."""
    return run_in(None, *words)


def run_in(folder: Path | None, *words: str | Path) -> Said:
    """The same, where files are named as they are called there."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(SCRIPT), *map(str, words)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return Said(done.returncode, done.stdout + done.stderr)


def row(number: int, **columns: Any) -> bytes:
    """An entry as it is hashed."""
    told = {"action": "edit", "actor_name": "ana", "at": "2026-05-01T10:00:00.000000Z"}
    told |= {"facts": "{}", "kind": "intent"} | columns
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"1|{number}|{hashlib.sha256(b'%d' % number).hexdigest()}|{text}".encode()


def ledger(size: int, *, by: str = "ana") -> list[bytes]:
    return [row(number, actor_name=by) for number in range(1, size + 1)]


def bundle_of(chosen: Sequence[int], rows: list[bytes], older: int | None = None) -> Files:
    """The files of a bundle of the entries with these numbers. `rows` get the one of its making."""
    listed = b"".join(rows[number - 1] + b"\n" for number in chosen)
    page = b"<!doctype html><title>Evidence</title>"
    about = {"filters": {"who": "ana"}, "words": "ana", "entries": len(chosen)}
    about["ledger"] = len(rows)
    digests = {
        "rows_sha256": hashlib.sha256(listed).hexdigest(),
        "page_sha256": hashlib.sha256(page).hexdigest(),
        "files_sha256": {"README.txt": hashlib.sha256(b"Check it.").hexdigest()},
    }
    before = list(rows)
    rows.append(row(len(rows) + 1, action="evidence_made", facts=json.dumps(about | digests)))
    numbers = [*chosen, len(rows)]
    files = {
        "rows.txt": listed + rows[-1] + b"\n",
        "proofs.json": proofs_of(numbers, rows),
        "checkpoint.txt": checkpoint(rows).encode(),
        "keys.txt": PANEL.key.encode() + b"\n",
        "filter.json": json.dumps(about).encode(),
        "index.html": page,
        "README.txt": b"Check it.",
    }
    if older is not None:
        files["older.txt"] = checkpoint(before[:older]).encode()
        files["growth.txt"] = growth(older, rows).encode()
    return files


def proofs_of(numbers: Sequence[int], rows: Sequence[bytes]) -> bytes:
    nodes: dict[bytes, int] = {}
    paths = [
        [nodes.setdefault(each, len(nodes)) for each in inclusion(number - 1, rows)]
        for number in numbers
    ]
    return json.dumps(
        {"nodes": [base64.b64encode(n).decode() for n in nodes], "paths": paths}
    ).encode()


def zipped(files: Mapping[str, bytes], file: Path) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file


Checked = Callable[..., Said]


def checked_here(capsys: Any, monkeypatch: Any) -> Checked:
    """Runs it inside this process: a tenth of the time of a process of its own."""

    def check(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["verify_ledger.py", *map(str, words)])
        said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        try:
            with redirect_stdout(said):
                verifier["main"]()
        except SystemExit as ended:
            code = ended.code
        said.seek(0)
        text = said.read() + capsys.readouterr().err
        # A sentence instead of a number is written to standard error, and means 1.
        return Said(code, text) if isinstance(code, int) else Said(1, f"{text}{code}")

    return check
