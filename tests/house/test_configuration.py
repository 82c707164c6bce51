"""docs/configuration.md and what the code reads from the environment are the same."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from pools.changes.settling_times import QUIET_SECONDS, READS_APART_SECONDS
from pools.core import CoreLimits
from pools.people.invitation_times import USUAL_INVITATION_DAYS
from pools.people.leaving import TOKEN_DAYS
from pools.tokens.state import NUDGE_DAYS
from tests.standard.reading import DOCS, named, rows

ROOT: Final = DOCS.parent
# What reads a setting whose name is its first argument.
READERS: Final = {
    *(
        "as_it_stands",
        "certificates",
        "day_or_none",
        "hosts",
        "https_url",
        "items",
        "keys",
        "keys_if_any",
        "listening_address",
    ),
    *("log_origin", "machine_token", "networks"),
    *("number", "number_or_none"),
    *("one_of", "plain_http_hosts", "proxy", "public_url", "required", "required_as_it_stands"),
    *("switch", "text", "time_zone", "whole_number", "whole_number_or_none"),
}
# What counts where a setting is not set, and the room says so.
OF_ROOMS: Final = {
    "SETTLE_QUIET_SECONDS": QUIET_SECONDS,
    "SETTLE_READS_APART_SECONDS": READS_APART_SECONDS,
    "LEAVER_TOKEN_DAYS": TOKEN_DAYS,
    "TOKEN_NUDGE_DAYS": NUDGE_DAYS,
}
# What sets the limits that other settings have for their bounds.
OF_CORE: Final = {
    "CORE_LIMITS.deadline_seconds": "CORE_DEADLINE_SECONDS",
    "CORE_LIMITS.calls_at_once": "CORE_CALLS_AT_ONCE",
}
README: Final = (ROOT / "README.md").read_text()


@cache
def calls() -> dict[str, ast.Call]:
    """What reads each setting: `text("NAME")`, `whole_number("NAME", 8, least=3, most=128)`."""
    return {
        str(call.args[0].value): call
        for file in [*ROOT.glob("adminpanel/*.py"), *ROOT.glob("pools/**/*.py")]
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant)
        and reads(call.func)
        and re.fullmatch(r"[A-Z][A-Z_]{3,}", str(call.args[0].value))
    }  # fmt: skip


def reads(function: ast.expr) -> bool:
    return isinstance(function, ast.Name) and function.id in READERS


@cache
def table() -> dict[str, tuple[str, str]]:
    """The meaning and the default of each setting, as the document has them."""
    return {
        name: (meaning, default)
        for names, meaning, default in rows((DOCS / "configuration.md").read_text())
        for name in named(names)
    }


def test_every_setting_is_in_the_table_and_the_table_has_no_other() -> None:
    assert "DATABASE_URL" in calls()
    assert table().keys() == calls().keys()


def bounded() -> Iterator[tuple[str, ast.Call]]:
    return (
        (name, call) for name, call in calls().items()
        if "number" in ast.unparse(call.func)
    )  # fmt: skip


def test_every_number_has_its_bounds_and_its_default() -> None:
    assert len(list(bounded())) > 10
    for name, call in bounded():
        meaning, default = table()[name]
        least, most = (written(keyword.value) for keyword in call.keywords)
        assert f"({least} to {most})" in meaning, name
        usual = written(call.args[1], grouped=False) if call.args[1:] else f"`{OF_ROOMS[name]:g}`"
        assert default.replace("−", "-") == usual, name


def written(value: ast.expr, *, grouped: bool = True) -> str:
    """As the document has it: 3,600 in a sentence and `3600` as a value; names as they are."""
    rooms = {
        "__builtins__": {},
        "_usual": CoreLimits(),
        "USUAL_INVITATION_DAYS": USUAL_INVITATION_DAYS,
    }
    try:
        found = eval(compile(ast.Expression(value), "", "eval"), rooms)
    except NameError:
        text = re.sub(r"CORE_LIMITS\.\w+", lambda limit: OF_CORE[limit[0]], ast.unparse(value))
        return re.sub(r"([A-Z_]+)", r"`\1`", text)
    found = int(found) if found == int(found) else found
    return f"{found:,}" if grouped else f"`{found}`"


def test_the_readme_has_six_settings_in_the_same_words() -> None:
    found = [row for row in rows(README) if len(row) == 3 and re.match("`[A-Z_]+`$", row[0])]
    six = {row[0].strip("`"): (row[1], row[2]) for row in found}
    assert len(six) == 6
    assert six.items() <= table().items()
    assert {name for name, (_, default) in table().items() if default == "required"} <= six.keys()
