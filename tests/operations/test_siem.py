"""The samples in docs/siem.md, looked at by the programs that they are for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.standard.reading import DOCS

TEXT = (DOCS / "siem.md").read_text()
FILE = "/var/log/pools-panel/feed.jsonl"
# The options that the two programs document for what the samples use; both refuse others.
OF_VECTOR = {
    "file": {"include", "exclude", "read_from", "max_line_bytes", "fingerprint", "data_dir"},
    "remap": {"inputs", "source", "file", "drop_on_error", "drop_on_abort"},
    "http": {"inputs", "uri", "encoding", "framing", "acknowledgements", "auth", "tls", "request"},
}
OF_FLUENT_BIT = {
    "PARSER": {"name", "format", "time_key", "time_format", "time_keep"},
    "SERVICE": {"flush", "parsers_file", "storage.path", "storage.sync"},
    "INPUT tail": {"path", "db", "db.sync", "read_from_head", "buffer_max_size", "storage.type"},
    "FILTER parser": {"match", "key_name", "parser", "reserve_data", "preserve_key"},
    "OUTPUT http": {
        *("match", "host", "port", "uri", "format", "header", "json_date_key", "retry_limit"),
        *("tls", "tls.verify", "http_user", "http_passwd"),
    },
}


def sample(name: str) -> str:
    found = re.search(rf"```\w+ {re.escape(name)}\n(.*?)```", TEXT, re.DOTALL)
    assert found is not None
    return found[1]


def test_both_read_the_file_that_the_command_writes() -> None:
    vector = yaml.safe_load(sample("vector"))
    assert vector["sources"]["panel"]["include"] == [FILE, f"{FILE}.1"]
    assert vector["sinks"]["siem"]["inputs"] == [*vector["transforms"]]
    assert vector["sinks"]["siem"]["acknowledgements"] == {"enabled": True}
    assert re.search(rf"Path +{FILE},{FILE}.1\n", sample("fluent-bit"))
    assert f"manage.py feed --to {FILE} --follow" in TEXT


def test_every_option_of_vectors_sample_is_documented() -> None:
    vector = yaml.safe_load(sample("vector"))
    assert vector.keys() == {"data_dir", "sources", "transforms", "sinks"}
    for kind in ("sources", "transforms", "sinks"):
        for each in vector[kind].values():
            assert each.keys() - {"type"} <= OF_VECTOR[each["type"]]


def sections(text: str) -> list[tuple[str, dict[str, str]]]:
    """Those of Fluent Bit's classic form, by their kind and, but for the service, their name."""
    found = []
    for part in re.split(r"^\[", text, flags=re.MULTILINE)[1:]:
        kind, *lines = part.strip().splitlines()
        options = {key.lower(): value for key, value in (line.split(None, 1) for line in lines)}
        name = options.pop("name") if kind.strip("]") in {"INPUT", "FILTER", "OUTPUT"} else ""
        found.append((f"{kind.strip(']')} {name}".strip(), options))
    return found


def test_every_option_of_fluent_bits_sample_is_documented_and_its_parser_is_there() -> None:
    parsers, main = (sections(sample(name)) for name in ("pools-panel-parsers.conf", "fluent-bit"))
    for kind, options in [*parsers, *main]:
        assert options.keys() <= OF_FLUENT_BIT[kind], kind
    given = dict(main)
    ((_, parser),) = parsers
    assert given["FILTER parser"]["parser"] == parser["name"]
    assert given["SERVICE"]["parsers_file"] == "pools-panel-parsers.conf"


def check(tmp_path: Path, program: str, file: str, *command: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (tmp_path / file).write_text(sample(program))
    (tmp_path / "pools-panel-parsers.conf").write_text(sample("pools-panel-parsers.conf"))
    subprocess.run([program, *command, tmp_path / file], check=True)


def test_vector_takes_its_sample(tmp_path: Path) -> None:
    check(tmp_path, "vector", "vector.yaml", "validate", "--no-environment")


def test_fluent_bit_takes_its_sample(tmp_path: Path) -> None:
    check(tmp_path, "fluent-bit", "fluent-bit.conf", "--dry-run", "--config")
