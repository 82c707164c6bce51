"""A panel that signs, and bundles as somebody downloads them."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse

from tests.evidence.verifier import Checked, Files, checked_here
from tests.fixtures.signing import SIGNING_KEYS


@pytest.fixture(autouse=True)
def signing(settings: Any) -> None:
    settings.SIGNING_KEYS = SIGNING_KEYS


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Checked:
    """The verifier, inside this process."""
    return checked_here(capsys, monkeypatch)


Kept = Callable[[Any], Path]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """A downloaded bundle, as a file."""

    def keep(answer: HttpResponse) -> Path:
        assert answer.status_code == 200, answer.content[:500]
        assert answer["Content-Type"] == "application/zip"
        file = tmp_path / "evidence.zip"
        file.write_bytes(answer.content)
        return file

    return keep


def files_in(file: Path) -> Files:
    with zipfile.ZipFile(io.BytesIO(file.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
