"""What the panel's own code does nowhere: read from its source, not from its behaviour."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import StrictUndefined

from adminpanel.settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE
from adminpanel.settings import TEMPLATES as TEMPLATE_ENGINES
from tests.standard.reading import FILES, calls, nodes

SCRIPTS: Final = sorted((BASE_DIR / "static/js").glob("*.js"))
TEMPLATES: Final = sorted((BASE_DIR / "templates").rglob("*.*"))
# Of Django's administration, in Django's language.
ADMIN_TEMPLATES: Final = sorted((BASE_DIR / "pools/templates").rglob("*.*"))
# Their cell, or what they stand beside, has the full time.
AGES_WITH_A_TITLE: Final = {
    "change.html: {{ change.at|age }}",
}
# What is put into the text of a statement: numbers and names of ours, and places for values.
PUT_IN: Final = {
    *("LOCK_SECONDS", "LOCK_SECONDS * 1000", "LONGEST_SECONDS", "SQL[connection.vendor]"),
    *("usual", "milliseconds", "statement", "moment", "trigger", "columns", "marks", "columns.sql"),
    *("quote(table)", "connection.ops.quote_name(table)"),
    "', '.join(['(%s)'] * len(wanted))",
}


@cache
def imports() -> dict[str, set[str]]:
    """The first name of every module that is imported, and by which files."""
    found: dict[str, set[str]] = {}
    for file, node in nodes():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            found.setdefault(name.partition(".")[0], set()).add(file.name)
    return found


def in_files(files: list[Path], pattern: str) -> list[str]:
    return [
        f"{file.name}: {found}" for file in files for found in re.findall(pattern, file.read_text())
    ]


def test_one_apostrophe_is_used_everywhere() -> None:
    """Whatever people read has the plain one: it is what keyboards type and searches find."""
    rooms = ("adminpanel", "pools", "sandbox", "templates", "static", "docs")
    kinds = {".py", ".html", ".txt", ".js", ".css", ".md", ".yml", ".yaml", ".json", ".sql"}
    read = [file for room in rooms for file in (BASE_DIR / room).rglob("*") if file.suffix in kinds]
    assert in_files([*read, *BASE_DIR.glob("*.md")], "\u2019") == []


def test_there_is_code_to_look_at() -> None:
    assert len(FILES) > 100
    assert {file.name for file in SCRIPTS} >= {"panel.js", "join.js", "passkeys.js"}


def test_sql_is_text_of_ours_with_parameters_beside_it() -> None:
    statements = [
        (file, call.args[0])
        for file, called, call in calls()
        if called in {"execute", "executemany", "raw", "RawSQL"} and call.args
    ]
    assert len(statements) > 5
    for file, statement in statements:
        assert isinstance(statement, (ast.Constant, ast.Name, ast.Subscript, ast.JoinedStr)), file
        if isinstance(statement, ast.JoinedStr):
            parts = [part for part in statement.values if isinstance(part, ast.FormattedValue)]
            assert {ast.unparse(part.value) for part in parts} <= PUT_IN, file
    assert [file for file, called, _ in calls() if called == "extra"] == []


def test_no_process_is_started() -> None:
    started = imports().keys() & {"subprocess", "pty", "pexpect", "multiprocessing"}
    assert started == set()
    assert [c for c in calls() if c[1] in {"system", "popen", "spawnv", "execv", "startfile"}] == []


def test_nothing_is_evaluated_or_unpickled() -> None:
    evaluated = [(file, called) for file, called, call in calls()
                 if called in {"eval", "exec"} and isinstance(call.func, ast.Name)]  # fmt: skip
    assert evaluated == []
    assert imports().keys() & {"pickle", "marshal", "shelve", "dill", "yaml", "code"} == set()


def test_no_xml_ldap_or_latex_is_read() -> None:
    assert imports().keys() & {"xml", "lxml", "defusedxml", "ldap", "ldap3", "pylatex"} == set()


def test_patterns_are_constant_but_for_the_deployers_own() -> None:
    made = {
        file
        for file, called, call in calls()
        if isinstance(call.func, ast.Attribute)
        and ast.unparse(call.func.value) == "re"
        and not is_of_constants(call.args[0])
    }
    # TICKET_PATTERN, which is checked when the panel starts; and a company's name, escaped.
    assert made <= {"pools/tickets.py", "pools/pages/sentences.py"}


def is_of_constants(text: ast.expr) -> bool:
    """A constant, or one that is put together from other constants by their names."""
    if isinstance(text, ast.JoinedStr):
        parts = [part.value for part in text.values if isinstance(part, ast.FormattedValue)]
        return all(isinstance(part, ast.Name) and part.id.isupper() for part in parts)
    return isinstance(text, ast.Constant)


def test_texts_that_are_filled_in_are_the_codes_own() -> None:
    filled = [
        (file, ast.unparse(call.func.value))
        for file, called, call in calls()
        if called in {"format", "format_map"} and isinstance(call.func, ast.Attribute)
        and not re.match(r"['\"(]?_?[A-Z]", ast.unparse(call.func.value))
    ]  # fmt: skip
    assert filled == []


def test_no_template_is_made_of_text() -> None:
    assert [
        c[0] for c in calls() if c[1] in {"Template", "from_string", "render_to_response"}
    ] == []


def test_nothing_is_marked_as_safe() -> None:
    marking = {"mark_safe", "SafeString", "format_html", "Markup", "safe"}
    assert [c[0] for c in calls() if c[1] in marking] == []
    written = [*TEMPLATES, *ADMIN_TEMPLATES]
    assert in_files(written, r"\|\s*safe\b|\bautoescape\b|\bMarkup\b|\bhx-on\b|\bon[a-z]+=") == []


def test_templates_escape_and_miss_no_name() -> None:
    jinja, django = TEMPLATE_ENGINES
    options = jinja["OPTIONS"]
    assert (options["autoescape"], options["undefined"]) == (True, StrictUndefined)
    assert "autoescape" not in django["OPTIONS"]


def test_randomness_that_must_not_be_guessed_is_not_of_random() -> None:
    found = {
        alias.name
        for _, node in nodes()
        if isinstance(node, ast.ImportFrom) and node.module == "random"
        for alias in node.names
    }
    # The system's own generator; nothing takes the module itself.
    assert found <= {"SystemRandom"}
    assert in_files(FILES, r"^import random|[^.\w]random\.") == []


def test_hashes_and_ciphers_are_of_the_approved_ones() -> None:
    hashes = {
        call.func.attr
        for _, _, call in calls()
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) == "hashlib"
    }
    assert hashes <= {"sha256"}
    assert imports().keys() & {"md5", "crypt", "Crypto", "nacl"} == set()
    assert imports()["cryptography"] == {"vault.py", "signed_notes.py"}
    assert "AESGCM" in (BASE_DIR / "pools/tokens/vault.py").read_text()
    assert "asymmetric.ed25519 import" in (BASE_DIR / "pools/ledger/signed_notes.py").read_text()


def test_scripts_write_text_and_evaluate_nothing() -> None:
    made = r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert in_files(SCRIPTS, made) == []
    assert in_files(SCRIPTS, r"setTimeout\(\s*[\"'`]|javascript:") == []


def test_scripts_take_no_messages_and_build_no_object_of_input() -> None:
    assert in_files(SCRIPTS, r"postMessage|addEventListener\([\"']message") == []
    assert in_files(SCRIPTS, r"Object\.assign|__proto__|\bmerge\(|prototype") == []
    # The checks that the panel wrote beside its fields, and its own options for a passkey.
    assert in_files(SCRIPTS, r"JSON\.parse") == [
        "panel.js: JSON.parse",
        "passkeys.js: JSON.parse",
    ]


def test_scripts_keep_nothing_in_the_browser_but_ticks() -> None:
    """For the tab alone: ids and names of the pools that its person has ticked."""
    found = in_files(SCRIPTS, r"localStorage|sessionStorage|indexedDB|\.cookie\b")
    assert set(found) == {"batch.js: sessionStorage", "choose.js: sessionStorage"}


def test_pages_use_nothing_that_browsers_have_given_up() -> None:
    assert in_files(TEMPLATES, r"<(?:object|embed|applet|frame|marquee|iframe)\b") == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    fetched = r"(?:src|href|action)=[\"'](?:https?:)?//[^\"']+"
    assert in_files(TEMPLATES, fetched) == []
    assert in_files(SCRIPTS, r"https?://") == []


def test_nothing_is_installed_that_production_has_no_use_for() -> None:
    text = " ".join([*INSTALLED_APPS, *MIDDLEWARE])
    assert not re.search(r"debug_toolbar|silk|browser_reload|admindocs|graphene|channels", text)


def test_every_time_on_a_page_has_all_of_it_and_the_zone_beneath() -> None:
    for file in TEMPLATES:
        for tag in re.findall("<time[^>]*>", file.read_text()):
            assert re.search(r'[|.]exact }}"', tag), f"{file}: {tag}"


def test_no_time_of_day_or_age_stands_on_a_page_without_it() -> None:
    """An attribute has it in words; the rest is in `<time>`, by the macros of `page.html`."""
    shown = re.compile(r"\{\{(?:(?!\}\}).)*\|\s*(?:second|minute|clock|age)\b(?:(?!\}\}).)*\}\}")
    bare = [
        f"{file.name}: {found.group()}"
        for file in TEMPLATES
        for text in [file.read_text()]
        for found in shown.finditer(text)
        if "time(" not in found.group() and not _in_attribute(text, found.start())
    ]
    assert [each for each in bare if each not in AGES_WITH_A_TITLE] == []


def _in_attribute(text: str, at: int) -> bool:
    return text.rfind('="', 0, at) > text.rfind(">", 0, at)
