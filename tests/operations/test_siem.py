"""The samples in docs/siem.md, looked at by the programs that they are for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.standard.reading import DOCS

TEXT = (DOCS / "siem.md").read_text()
FILE = "/var/lib/pools-panel/feed.jsonl"


def sample(name: str) -> str:
    found = re.search(rf"```\w+ {name}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_both_read_the_file_that_the_command_writes() -> None:
    vector = yaml.safe_load(sample("vector"))
    assert vector["sources"]["panel"]["include"] == [FILE]
    assert vector["sinks"]["siem"]["inputs"] == [*vector["transforms"]]
    assert vector["sinks"]["siem"]["acknowledgements"] == {"enabled": True}
    assert re.search(rf"Path +{FILE}\n", sample("fluent-bit"))
    assert f"manage.py feed --to {FILE} --follow" in TEXT


def check(tmp_path: Path, program: str, file: str, *command: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / file).write_text(sample(program))
    subprocess.run([program, *command, tmp_path / file], check=True)


def test_vector_takes_its_sample(tmp_path: Path) -> None:
    check(tmp_path, "vector", "vector.yaml", "validate", "--no-environment")


def test_fluent_bit_takes_its_sample(tmp_path: Path) -> None:
    check(tmp_path, "fluent-bit", "fluent-bit.conf", "--dry-run", "--config")
