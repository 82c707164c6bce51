"""What documents point at is there: files, links, commands, settings' words, tests."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.core.management import get_commands
from django.db import connection

from pools.changes.state import ChangeState
from pools.models.vocabulary import Outcome, Verdict
from pools.wording.glossary import GLOSSARY
from pools.wording.outcomes import STANDINGS
from tests.ledger.tampering import WAYS
from tests.standard.reading import DOCS, named, rows, section

ROOT: Final = DOCS.parent
# The changelog tells of what was, too.
DOCUMENTS: Final = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md"))]
PLACES: Final = "adminpanel|pools|sandbox|tests|docs|templates|static"
PATH: Final = re.compile(rf"(?:{PLACES})/[\w./-]*|[\w-]+\.(?:md|toml|yaml|yml|txt)")


def in_documents(pattern: str) -> Iterator[tuple[Path, str]]:
    for document in DOCUMENTS:
        for found in re.findall(pattern, document.read_text()):
            yield document, found


def test_every_link_leads_to_a_file() -> None:
    links = list(in_documents(r"\]\(([^)#\s]+)(?:#[^)]*)?\)"))
    assert len(links) > 30
    own = [(document, link) for document, link in links if "://" not in link]
    assert [(d.name, link) for d, link in own if not (d.parent / link).exists()] == []


def test_every_path_that_is_named_is_there() -> None:
    spans = [(d, span) for d, span in in_documents(r"`([^`\n]+)`") if PATH.fullmatch(span)]
    assert len(spans) > 40
    assert [(d.name, span) for d, span in spans if not is_there(d, span)] == []


def is_there(document: Path, path: str) -> bool:
    return any((folder / path).exists() for folder in (ROOT, document.parent))


@pytest.mark.parametrize("document", DOCUMENTS[1:], ids=lambda path: path.name)
def test_the_readme_leads_to_every_document(document: Path) -> None:
    assert f"]({document.relative_to(ROOT)})" in (ROOT / "README.md").read_text()


def test_every_command_that_is_named_is_there() -> None:
    commands = {name for _, name in in_documents(r"manage\.py (\w+)")}
    assert "verify_audit" in commands
    assert commands <= get_commands().keys()
    targets = {name for _, name in in_documents(r"(?m)(?:^|`)make ([a-z][a-z-]+)(?:`| +#|$)")}
    assert "demo" in targets
    assert targets <= set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_what_is_quoted_from_a_page_is_there() -> None:
    """Written in italics, with a capital: a button, a heading, the beginning of a sentence."""
    files = [
        file
        for folder in ("templates", "pools", "adminpanel", "static/js")
        for file in (ROOT / folder).rglob("*")
        if file.suffix in {".html", ".py", ".txt", ".js"}
    ]
    code = re.sub(r'"\s*\n\s*f?"', "", "".join(file.read_text() for file in files))
    code = re.sub(r"\s+", " ", code)
    own = {word.replace("_", " ").capitalize() for word in (*Outcome, *Verdict)} | {"Drift"}
    quoted = {
        (document.name, found.strip(" …:"))
        for document in DOCUMENTS
        for found in re.findall(r"(?<![\w*])\*([A-Z][^*`|]{2,80})\*(?![\w*])", text_of(document))
    }
    assert len(quoted) > 30
    assert [each for each in quoted if each[1] not in code and each[1] not in own] == []


def text_of(document: Path) -> str:
    """What is written in it, on one line: no commands, nothing bold."""
    prose = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", prose.replace("**", ""))


def test_the_glossary_is_the_one_that_pages_show() -> None:
    told = {group.title: [[w.names, w.meaning] for w in group.words] for group in GLOSSARY}
    text = {title: section("glossary.md", title).replace("**", "") for title in told}
    assert {title: rows(table) for title, table in text.items()} == told


def test_the_glossary_has_the_words_of_the_record() -> None:
    words = [word for group in GLOSSARY for word in group.words]
    names = {name for word in words for name in word.names.split(", ")}
    needed = {"intent", "outcome", "verdict", "settling", "drift", "lease", "checkpoint", "head"}
    assert needed | {"origin", *(outcome.value.replace("_", " ") for outcome in Outcome)} <= names
    (verdict,) = [word for word in words if word.names == "verdict"]
    for each in Verdict:
        word = each.value.replace("_", " ")
        assert f"“{word}” ({STANDINGS[ChangeState(each)].settled})" in verdict.meaning
    anchors = [word.anchor for word in words] + [group.anchor for group in GLOSSARY]
    assert len(set(anchors)) == len(anchors)


def test_every_way_to_tamper_that_is_tried_is_told() -> None:
    told = {
        each.strip()
        for row in rows(section("audit.md", "B. Tampering that was tried"))
        for each in row[1].split(" · ")
    }
    # A star: what SQLite alone would keep. Without it when these tests run on another database.
    assert {name for name in told if not name.endswith("*")} == {
        name for name in WAYS if not name.endswith("*")
    }
    assert connection.vendor != "sqlite" or told == WAYS.keys()


def test_what_verify_audit_prints_is_as_the_audit_document_has_it() -> None:
    others = ("management/commands/verify_audit", "evidence/archive")
    files = [*ROOT.glob("pools/ledger/*.py"), *(ROOT / f"pools/{name}.py" for name in others)]
    code = re.sub(r'"\s*f?"', "", "".join(file.read_text() for file in files))
    lines = {line for row in rows(section("audit.md", "What it prints")) for line in named(row[0])}
    assert len(lines) > 10
    # Between what stands for a number, or is left out.
    parts = {part.strip(" .") for line in lines for part in re.split(r"…|\b[NM]\b|\d+|\. ", line)}
    nouns = {"changes", "checkpoints"}
    assert {part for part in parts - nouns if part not in code} == set()


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    packages = {re.match(r"[\w-]+", line)[0] for line in asked}  # type: ignore[index]
    told = {
        word
        for row in rows((DOCS / "dependencies.md").read_text())
        for word in re.findall(r"[\w-]+", row[0])
    }
    assert len(packages) > 30
    assert packages - told == set()
