"""docs/inventories.md and its like, held against the code: nothing is missing, nothing invented."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django import forms
from django.apps import apps
from django.contrib.auth.hashers import PBKDF2PasswordHasher

import adminpanel.settings as shipped
import pools.accounts
import pools.forms
import pools.views
from adminpanel.checks import FLOORS
from adminpanel.settings import BASE_DIR
from pools.accounts.passwords import STOLEN_FILE, WORDS
from pools.accounts.provider_tokens import ALGORITHMS
from pools.forms.pool import PoolForm
from pools.models.bounds import REASON
from pools.people.roles import ROLES
from tests.standard.reading import DOCS, calls, inventory, known_tests, named, nodes, rows, section


def first_cells(title: str) -> set[str]:
    return {name for row in inventory(title) for name in named(row[0])}


def own_forms() -> Iterator[Any]:
    for room in (pools, pools.views, pools.accounts, pools.forms):
        for module in pkgutil.iter_modules(room.__path__):
            importlib.import_module(f"{room.__name__}.{module.name}")
    waiting = [forms.BaseForm]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("pools."):
            yield kind


def test_every_field_of_every_form_is_in_the_inventory() -> None:
    fields = {name for kind in own_forms() for name in kind.base_fields} | {"login"}
    assert fields == first_cells("Input")


def test_the_bounds_of_numbers_and_texts_are_as_written() -> None:
    limit = PoolForm.base_fields["limit"]
    assert isinstance(limit, forms.IntegerField)
    rule = {row[0]: row[1] for row in inventory("Input")}
    assert rule["`limit`"] == f"a whole number from {limit.min_value:,} to {limit.max_value:,}"
    assert rule["`reason`"].startswith(f"up to {REASON:,} characters")


def test_every_limit_is_the_one_that_is_set() -> None:
    for row in inventory("Limits"):
        name, value = re.findall(r"`([^`]+)`", row[2])
        setting, _, key = name.partition(".")
        found = getattr(shipped, setting)
        assert str(found[key] if key else found) == value, name
    written = {row[2].partition("`")[2].partition("`")[0] for row in inventory("Limits")}
    assert {f"ACCOUNT_RATE_LIMITS.{key}" for key in shipped.ACCOUNT_RATE_LIMITS} <= written


@pytest.mark.parametrize("title", ["What must fit together", "What uses many resources"])
def test_what_is_said_is_shown_by_tests_that_are_there(title: str) -> None:
    for row in inventory(title):
        for name in named(row[2]):
            assert name in known_tests(), name


def test_every_table_of_the_database_has_a_class() -> None:
    models = {model._meta.label for model in apps.get_models(include_auto_created=True)}
    assert models == {name for row in inventory("Data") for name in named(row[2])}


def test_every_key_is_listed_with_what_it_is_for() -> None:
    settings = {
        name for cell in rows((DOCS / "configuration.md").read_text()) for name in named(cell[0])
    }
    secret = {name for name in settings if re.search(r"KEY|SECRET|_TOKEN$|_URL$", name)}
    # Addresses that have no password in them, and the first administrator's own.
    open_ = {"OIDC_SERVER_URL", "PUBLIC_URL", "TICKET_URL"}
    assert secret - open_ <= first_cells("Keys and algorithms")


def test_the_algorithms_are_those_of_the_code() -> None:
    text = section("inventories.md", "Keys and algorithms")
    assert PBKDF2PasswordHasher.iterations >= 1_000_000
    assert "a million rounds" in text
    assert {name[:2] for name in ALGORITHMS - {"EdDSA"}} == {"RS", "PS", "ES"}
    assert {name[2:] for name in ALGORITHMS - {"EdDSA"}} == {"256", "384", "512"}
    assert "AES-256-GCM" in text


def test_every_address_that_is_called_is_listed() -> None:
    cells = {name for row in inventory("Connections") for name in named(" ".join(row))}
    assert cells >= {"base_url", "sign_in_url", "OIDC_SERVER_URL", "EMAIL_URL", "DATABASE_URL",
                     "CORE_PROXY_URL", "CORE_PLAIN_HTTP_HOSTS"}  # fmt: skip


def named_texts() -> dict[str, str]:
    """The constants of the code that are a text, by their names."""
    found = {}
    for _, node in nodes():
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text)))
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(text)))
            ):
                found[name] = text
    return found


def events_in_code() -> set[str]:
    recorders = {"record_event", "record_or_log", "record_about", "_recording"}
    texts, found = named_texts(), set()
    for _, called, call in calls():
        if called in recorders and call.args:
            for node in ast.walk(call.args[0]):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
                elif isinstance(node, ast.Name):
                    found.add(texts.get(node.id, ""))
    return {name for name in found if re.fullmatch(r"[a-z]+(_[a-z]+)+", name)}


def test_every_event_is_in_the_inventory() -> None:
    of_admin = {"user", "group", "_added", "_changed", "_removed", "user_password_set"}
    listed = first_cells("Events") - of_admin
    # Said of more than one thing by the code that records them.
    composed = {"changes_exported", "events_exported", "token_confirmed", "token_replaced"}
    assert events_in_code() - {"signed_in"} <= listed
    assert listed - composed - {"signed_in"} <= events_in_code() | {"signed_in"}


def logged() -> Iterator[tuple[str, str]]:
    """Each line that the code logs, and its logger."""
    levels = {"debug", "info", "warning", "error", "exception"}
    for file, called, call in calls():
        if called in levels and isinstance(call.func, ast.Attribute):
            match ast.unparse(call.func.value), call.args:
                case "log" | "_log", [ast.Constant(value=str(line)), *_]:
                    yield line, logger_of(file)
                case "log" | "_log", [ast.Name(id="EVENT"), *_]:
                    yield event_of(file), logger_of(file)
                case "log", [ast.Name(id="event"), *_]:
                    yield from ((line, logger_of(file)) for line in handed_over(file))
                case "self.log", [ast.Constant(value=str(line)), *_]:
                    yield line, "gunicorn.error"
                case "log" | "_log" | "self.log", _:
                    raise AssertionError(f"{file}: {ast.unparse(call)}")


def logger_of(file: str) -> str:
    """By the name that it is asked for; `__name__` is its module's."""
    (name,) = re.findall(r"get_?[lL]ogger\((.+?)\)", (BASE_DIR / file).read_text())
    module = file.removesuffix(".py").replace("/", ".")
    return str(name.strip('"')) if name != "__name__" else module


def event_of(file: str) -> str:
    text = (BASE_DIR / file).read_text()
    (event,) = re.findall(r'^EVENT(?:: Final)? = "(.+)"$', text, re.MULTILINE)
    return str(event)


def handed_over(file: str) -> list[str]:
    """What `_delay` is told to log."""
    return re.findall(r'self\._delay\([\w.]+, "(.+?)"', (BASE_DIR / file).read_text())


def test_every_line_of_the_log_is_in_the_inventory_under_its_logger() -> None:
    said = set(logged())
    assert len(said) > 25
    assert {"Core does not answer", "ledger checkpoint"} <= {line for line, _ in said}
    told = {(name, row[1].strip("`")) for row in inventory("Log") for name in named(row[0])}
    patterns = [(re.escape(name).replace("…", ".*"), logger) for name, logger in told]
    assert [
        (line, logger)
        for line, logger in said
        if not any(logger == where and re.fullmatch(p, line) for p, where in patterns)
    ] == []


@pytest.mark.parametrize("title", ["Input", "Keys and algorithms", "Events", "Log"])
def test_nothing_is_in_an_inventory_twice(title: str) -> None:
    names = [name for row in inventory(title) for name in re.findall(r"`([^`]+)`", row[0])]
    assert [name for name in {*names} if names.count(name) > 1] == []


def test_the_words_that_count_for_nothing_in_a_password_are_written_down() -> None:
    text = section("people.md", "Passwords").replace("(s)", "s").replace("pools", "pools, pool")
    assert [word for word in WORDS if word not in text] == []
    assert "At least ten characters" in text
    assert STOLEN_FILE.exists()


def test_the_roles_are_as_written() -> None:
    assert [row[0] for row in rows(section("security.md", "Roles"))] == list(ROLES)


def test_every_way_in_is_written_down() -> None:
    text = section("people.md", "Ways in")
    assert {row[0] for row in rows(text)} == {
        "Password", "Passkey", "Single sign-on", "Invitation", "Password link", "Command line",
    }  # fmt: skip


def test_the_time_to_mend_parts_of_others_and_their_floors_are_written_down() -> None:
    text = section("inventories.md", "Packages of others")
    assert re.search(r"within 2 days .* 7 when high, 30 otherwise", text.replace("\n", " "))
    assert FLOORS.keys() >= {"django", "requests", "urllib3", "gunicorn"}
