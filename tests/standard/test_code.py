"""What the panel's own code does nowhere: read from its source, not from its behaviour."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from adminpanel.settings import BASE_DIR, INSTALLED_APPS, MIDDLEWARE

# The demo starts processes; it is in no image.
FILES: Final = sorted(
    file
    for room in ("adminpanel", "pools")
    for file in (BASE_DIR / room).rglob("*.py")
    if file.name != "demo.py"
)
SCRIPTS: Final = sorted((BASE_DIR / "static/js").glob("*.js"))
TEMPLATES: Final = sorted((BASE_DIR / "templates").rglob("*.*"))
# What is put into the text of a statement: numbers and names of ours, and places for values.
PUT_IN: Final = {
    *("LOCK_SECONDS", "LOCK_SECONDS * 1000", "usual", "statement", "moment", "trigger"),
    *("quote(table)", "connection.ops.quote_name(table)", "columns", "marks"),
    "', '.join(['(%s)'] * len(wanted))",
}


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    return [(file, node) for file in FILES for node in ast.walk(ast.parse(file.read_text()))]


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Every call in the code: file, what is called (its last name), the call."""
    for file, node in nodes():
        if isinstance(node, ast.Call):
            name = node.func
            called = name.attr if isinstance(name, ast.Attribute) else getattr(name, "id", "")
            yield str(file.relative_to(BASE_DIR)), called, node


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
        and not isinstance(call.args[0], ast.Constant)
    }
    # TICKET_PATTERN, which is checked when the panel starts.
    assert made <= {"pools/tickets.py"}


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
    assert [c[0] for c in calls() if c[1] in {"mark_safe", "SafeString", "format_html"}] == []
    assert in_files(TEMPLATES, r"\|\s*safe\b|autoescape off|\bhx-on\b|\bon[a-z]+=") == []


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
    assert imports()["cryptography"] == {"vault.py"}
    assert "AESGCM" in (BASE_DIR / "pools/vault.py").read_text()


def test_scripts_write_text_and_evaluate_nothing() -> None:
    made = r"\.(?:innerHTML|outerHTML)\s*=|insertAdjacentHTML|document\.write|\beval\(|new Function"
    assert in_files(SCRIPTS, made) == []
    assert in_files(SCRIPTS, r"setTimeout\(\s*[\"'`]|javascript:") == []


def test_scripts_take_no_messages_and_build_no_object_of_input() -> None:
    assert in_files(SCRIPTS, r"postMessage|addEventListener\([\"']message") == []
    assert in_files(SCRIPTS, r"Object\.assign|__proto__|\bmerge\(|prototype") == []
    # The panel's own options for a passkey, out of the page.
    assert in_files(SCRIPTS, r"JSON\.parse") == ["passkeys.js: JSON.parse"]


def test_the_browser_keeps_nothing_but_one_switch() -> None:
    kept = in_files(SCRIPTS, r"(?:localStorage|sessionStorage|indexedDB)[^;)]*\)?")
    assert kept
    assert [each for each in kept if '"keys"' not in each] == []


def test_pages_use_nothing_that_browsers_have_given_up() -> None:
    assert in_files(TEMPLATES, r"<(?:object|embed|applet|frame|marquee|iframe)\b") == []


def test_nothing_is_fetched_from_elsewhere() -> None:
    fetched = r"(?:src|href|action)=[\"'](?:https?:)?//[^\"']+"
    own = [file for file in TEMPLATES if "admin" not in file.parts]
    assert in_files(own, fetched) == []
    assert in_files(SCRIPTS, r"https?://") == []


def test_nothing_is_installed_that_production_has_no_use_for() -> None:
    text = " ".join([*INSTALLED_APPS, *MIDDLEWARE])
    assert not re.search(r"debug_toolbar|silk|browser_reload|admindocs|graphene|channels", text)
