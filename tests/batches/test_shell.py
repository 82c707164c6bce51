"""`manage.py pools`: the same lists and record as on the pages, and exit codes for scripts."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from pools.batches import running
from pools.changes import make_change
from pools.models import Batch, Company, Entry, Token
from pools.models.vocabulary import Kind
from pools.upkeep import shell
from pools.upkeep.shell import Exit
from sandbox.running import RunningSandbox
from tests.fixtures.panel import give_token, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def mia(acme: Company, core: RunningSandbox) -> User:
    mia = make_person("mia", "Manager")
    give_token(mia, acme, core.keys["acme"]["full"])
    core.reset()
    return mia


def pools(what: str, *more: Any, user: str = "mia", company: str = "acme") -> int:
    """Runs the command; how it ended. Raises CommandError where that is 1."""
    try:
        call_command("pools", what, "--company", company, "--as", user, *more)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def plan(tmp_path: Path, text: str, *more: str) -> Batch:
    file = tmp_path / "pools.csv"
    file.write_text(text)
    assert pools("plan", str(file), "--ids-are-ours", *more) == 0
    return Batch.objects.order_by("-made_at")[0]


# Outside of a transaction, as from a shell.
@pytest.mark.django_db(transaction=True)
def test_a_list_is_exported_to_standard_output(
    mia: User, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pools("export", "--format", "json", "--search", "orders", "--sort=-limit") == 0
    told = capsys.readouterr()
    exported = json.loads(told.out)
    assert exported["exported_by"] == "mia"
    assert told.err.strip() == exported["end"] == f"complete: {len(exported['pools'])} pools"
    entry = Entry.objects.get(action="pools_exported")
    facts = json.loads(entry.facts)
    assert (entry.actor_name, facts["address"], facts["search"]) == (
        "mia",
        "command line",
        "orders",
    )


def test_a_file_is_there_once_it_is_whole(
    mia: User, core: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "pools.csv"
    monkeypatch.setattr(shell.Workplace, "wait", lambda *_: core.set_fault("status=500"))
    core.switch(rate_limit_per_minute=2)
    assert pools("export", "--output", str(file)) == Exit.STOPPED
    assert not file.exists()
    core.start_over()
    assert pools("export", "--output", str(file)) == 0
    assert file.read_text().endswith("# complete: 257 pools\n")


def test_a_file_is_planned_and_applied(
    mia: User, core: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    acme = core.company("acme")
    text = "id,limit\n1,77\n2,78\n3,250\n"
    batch = plan(tmp_path, text, "--reason", "ZD-1")
    told = capsys.readouterr().out
    assert "line 2, pool 1 NetSuite orders: limit 1 → 77" in told
    assert "left out. It already has this value." in told
    assert "2 to change, 1 left out. Nothing was sent." in told
    assert f"List {batch.pk}: /c/acme/batches/{batch.pk}/" in told
    assert (batch.source, acme.pool(1).limit) == ("command", 1)
    assert pools("apply", str(batch.pk)) == Exit.DONE
    ended = capsys.readouterr()
    assert "line 2, pool 1 NetSuite orders: done\n" in ended.out
    assert "2 done, 1 left out" in ended.err
    assert (acme.pool(1).limit, acme.pool(2).limit) == (77, 78)
    intents = Entry.objects.filter(kind=Kind.INTENT, batch=batch.pk)
    assert {json.loads(each.facts)["address"] for each in intents} == {"command line"}
    assert {(each.actor_name, each.reason) for each in intents} == {("mia", "ZD-1")}
    # Once more: it has ended, and nothing is sent.
    core.reset()
    assert pools("apply", str(batch.pk)) == Exit.DONE
    assert core.journal == []


def test_standard_input_is_a_file(
    mia: User, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Input:
        class buffer:  # noqa: N801
            read = staticmethod(lambda _: b"name,limit\nBrand new,5\n")

    monkeypatch.setattr("sys.stdin", Input)
    assert pools("plan", "-", "--create") == 0
    assert "line 2, new pool Brand new: limit 5, timeout none" in capsys.readouterr().out


def test_a_file_that_nobody_edited_leaves_nothing_to_do(
    mia: User, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "pools.csv"
    assert pools("export", "--search", "orders", "--output", str(file)) == 0
    capsys.readouterr()
    assert pools("plan", str(file)) == Exit.DONE
    told = capsys.readouterr()
    assert told.out.startswith("Nothing to change.")
    assert (told.err, Batch.objects.exists()) == ("", False)


def test_the_address_of_a_list_is_whole_where_the_panel_knows_its_own(
    mia: User, tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: LazySettings
) -> None:
    settings.PUBLIC_URL = "https://panel.example"
    batch = plan(tmp_path, "id,limit\n1,77\n")
    assert f"List {batch.pk}: https://panel.example/c/acme/batches/{batch.pk}/" in (
        capsys.readouterr().out
    )


def test_what_is_wrong_with_a_file_is_said(mia: User, tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        plan(tmp_path, "id,limit\n1,x\n1,5\n")
    first, second = str(refused.value).split("\n")
    assert first == ("Line 2, “limit”: Enter a whole number, using the digits 0 to 9 only. (x)")
    assert second == "Line 3, “id”: Pool 1 is in line 2 already."
    assert refused.value.returncode == Exit.FAILED
    assert not Batch.objects.exists()
    # What is ticked on the page has a name of its own here.
    file = tmp_path / "pools.csv"
    file.write_text("id,limit,name\n1,5,a\n,5,b\n")
    with pytest.raises(CommandError) as refused:
        pools("plan", str(file))
    first, second = str(refused.value).split("\n")
    assert first.endswith("If they are Acme's, add --ids-are-ours.")
    assert second == "Line 3, “id”: There is no id. To make a new pool of it, add --create."


def test_of_more_than_ten_the_number_is_given(
    mia: User, core: RunningSandbox, tmp_path: Path
) -> None:
    batch = plan(tmp_path, "id,timeout\n" + "".join(f"{each},77\n" for each in range(1, 12)))
    core.reset()
    with pytest.raises(CommandError, match="To run it, add --pools 11"):
        pools("apply", str(batch.pk))
    assert core.journal == []
    assert pools("apply", str(batch.pk), "--pools", "11") == Exit.DONE


def test_the_exit_tells_what_was_refused_or_is_unknown(
    mia: User, core: RunningSandbox, tmp_path: Path
) -> None:
    refused = plan(tmp_path, "id,limit\n1,77\n")
    core.set_fault("status=422;only=writes")
    assert pools("apply", str(refused.pk)) == Exit.PARTLY
    core.set_fault(None)
    unknown = plan(tmp_path, "id,limit\n2,77\n")
    core.set_fault("status=500;only=writes")
    assert pools("apply", str(unknown.pk)) == Exit.UNKNOWN


def test_ctrl_c_ends_after_what_is_in_flight_and_the_same_command_goes_on(
    mia: User, core: RunningSandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = plan(tmp_path, "id,limit\n1,77\n2,77\n3,77\n")

    def interrupted(*given: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        # As long as a request goes on taking items.
        time.sleep(0.05)
        return make_change(*given)

    monkeypatch.setattr(running, "make_change", interrupted)
    monkeypatch.setattr(running, "STEP_SECONDS", 0.04)
    before = signal.getsignal(signal.SIGINT)
    assert pools("apply", str(batch.pk)) == Exit.INTERRUPTED
    assert signal.getsignal(signal.SIGINT) is before
    monkeypatch.setattr(running, "make_change", make_change)
    done = [each.method for each in core.journal if each.method == "PUT"]
    assert len(done) == 1
    assert pools("apply", str(batch.pk)) == Exit.DONE
    assert [core.company("acme").pool(each).limit for each in (1, 2, 3)] == [77, 77, 77]
    assert len([each for each in core.journal if each.method == "PUT"]) == 3


def test_a_refused_token_stops_the_list(
    mia: User, core: RunningSandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    batch = plan(tmp_path, "id,limit\n1,77\n2,77\n")
    core.company("acme").revoke_key()
    assert pools("apply", str(batch.pk)) == Exit.STOPPED
    assert "Replace it, then run the same command again." in capsys.readouterr().err
    assert Token.objects.get().refused_at is not None


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"company": "nowhere"}, "There is no company nowhere."),
        ({"user": "nobody"}, "There is nobody called nobody"),
        ({"user": "otto"}, "otto has no token for Acme."),
    ],
)
def test_who_and_where_must_be_there(mia: User, given: dict[str, str], says: str) -> None:
    make_person("otto", "Manager")
    with pytest.raises(CommandError, match=says):
        pools("export", **given)


def test_a_role_decides_for_a_command_too(
    mia: User, acme: Company, core: RunningSandbox, tmp_path: Path
) -> None:
    batch = plan(tmp_path, "id,limit\n1,77\n")
    mia.groups.clear()
    core.reset()
    with pytest.raises(CommandError):
        pools("export")
    with pytest.raises(CommandError):
        plan(tmp_path, "id,limit\n1,78\n")
    with pytest.raises(CommandError):
        pools("apply", str(batch.pk))
    other = make_person("otto", "Manager")
    give_token(other, acme, core.keys["acme"]["full"])
    with pytest.raises(CommandError, match="This is the list of"):
        pools("apply", str(batch.pk), user="otto")
    assert {each.method for each in core.journal} <= {"GET"}
