"""Old entries taken out of the ledger into a signed file, and what is proved afterwards."""

import json
import os
import resource
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.db import connections, transaction
from django.test import Client

from pools.evidence import exporting
from pools.ledger import archived, chain, guarding, proof
from pools.ledger.appending import Actor, append, record_event
from pools.ledger.canonical import canonical_json
from pools.ledger.chain import FIRST
from pools.ledger.guarding import missing_triggers
from pools.ledger.recorded_names import company_is_recorded, recorded_under
from pools.ledger.signed_checkpoints import public_keys, sign_checkpoint
from pools.ledger.tree import WIDTH, Tree
from pools.ledger.verifying import latest, verify_new, verify_whole
from pools.management.commands import archive as command_of_archive
from pools.models import Batch, Company, Entry, IndexTerm
from pools.models.vocabulary import Kind
from pools.people.user_names import NameHolder, NameTaken, must_be_free
from pools.secret import Secret
from pools.upkeep import archiving
from tests.evidence.verifier import Checked
from tests.fixtures.archiving import OLD, append_old, archive, command
from tests.fixtures.clock import travel
from tests.fixtures.leases import take_lease
from tests.fixtures.ledger import ADA, INSERT, append_events, tamper, values_like, verify_audit
from tests.fixtures.ledger_flush import unguarded_ledger
from tests.fixtures.signing import OTHER_KEYS

pytestmark = pytest.mark.django_db(transaction=True)
FEED_TOKEN: Final = "asked-by-the-tests-of-archives"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "archive.txt"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A checkpoint from long ago, somewhere in the middle of what is taken out."""
    append_old(100)
    path = tmp_path / "kept.txt"
    with travel(OLD):
        path.write_text(sign_checkpoint())
    return path


@pytest.fixture
def taken(kept: Path, file: Path) -> Path:
    """An archive of the first 256 entries, of a ledger that goes on."""
    append_old(200)
    append_events(5)
    assert archive(file).code == 0
    return file


def numbers() -> list[int]:
    return list(Entry.objects.order_by("seq").values_list("seq", flat=True))


def event() -> Entry:
    return Entry.objects.get(action=archived.LEDGER_ARCHIVED)


def test_what_is_old_is_taken_out_and_everything_is_proved_as_before(
    taken: Path, kept: Path
) -> None:
    assert numbers() == list(range(WIDTH + 1, event().seq + 1))
    assert not IndexTerm.objects.filter(seq__lte=WIDTH).exists()
    assert missing_triggers() == []
    assert stat.S_IMODE(taken.stat().st_mode) == 0o600
    assert [each.name for each in taken.parent.iterdir() if "archive" in each.name] == [taken.name]
    for words in ([], ["--without-keys"]):
        code, said = verify_audit("--checkpoint", str(kept), "--archive", str(taken), *words)
        assert code == 0, said
        assert f"Entries {WIDTH + 1} to {event().seq} fit" in said
        assert f"Entries 1 to {event().seq} are as 4 signed checkpoints had them." in said
        assert f"Entries 1 to {WIDTH} are in an archive since " in said
        assert f"{taken}: entries 1 to {WIDTH} are as they were recorded.\n" in said


def test_what_is_written_later_goes_on_and_is_signed_and_verified(taken: Path) -> None:
    before = event().seq
    append_events(300)
    sign_checkpoint()
    assert verify_audit()[0] == 0
    assert not verify_whole().findings
    append_events(3)
    assert not verify_new(ADA, 10).findings
    known = latest()
    assert known
    assert (known.whole.first, known.reached) == (WIDTH + 1, before + 304)


def test_an_archive_verifies_alone_and_with_what_came_later(
    taken: Path, kept: Path, check: Checked, tmp_path: Path
) -> None:
    key = ["--key", public_keys()[0]]
    said = check("export", taken, "--checkpoint", kept, *key)
    assert said.code == 0, said
    assert f"Entries 1 to {WIDTH} are as they were recorded.\n" in said.text
    assert f"History only grew since the checkpoint of {WIDTH} entries." in said.text
    assert "looked at" not in said.text
    append_events(9)
    growth = tmp_path / "growth.txt"
    growth.write_text(command("checkpoint", "--since", str(WIDTH)).text)
    said = check("growth", growth, "--older", taken, *key)
    assert said.code == 0, said
    ledger, checkpoint = tmp_path / "ledger.txt", tmp_path / "checkpoint.txt"
    assert command("export_ledger", ledger, checkpoint).code == 0
    said = check("export", ledger, "--checkpoint", checkpoint, "--checkpoint", taken, *key)
    assert said.code == 0, said
    assert f"Entries {WIDTH + 1} to {numbers()[-1]} are as they were recorded.\n" in said.text
    # All that is looked at of the archive is its checkpoint: it says so, also of an altered one.
    looked = f"Entries 1 to {WIDTH} are in an archive. This begins where its checkpoint ends; its "
    assert f"{looked}entries were not looked at.\n" in said.text
    altered = tmp_path / "altered.txt"
    altered.write_bytes(taken.read_bytes().replace(b"reason", b"raisin"))
    said = check("export", ledger, "--checkpoint", checkpoint, "--checkpoint", altered, *key)
    assert f"{looked}entries were not looked at.\n" in said.text
    assert check("export", altered, *key).code == 1
    said = check("export", ledger, "--checkpoint", checkpoint, *key)
    assert said.code == 0
    assert f"Entries 1 to {WIDTH} are in an archive, which was not looked at.\n" in said.text
    # Of the checkpoint in the middle of the archive nothing can be said here.
    said = check("export", ledger, "--checkpoint", checkpoint, "--checkpoint", kept, *key)
    assert said.code == 0
    assert "Checkpoints of up to 101 entries were not compared." in said.text


ALTERED: Final[dict[str, Callable[[list[bytes]], Any]]] = {
    "an entry": lambda lines: lines.__setitem__(7, lines[7].replace(b"reason", b"raisin")),
    "one less": lambda lines: lines.pop(7),
    "one less at the end": lambda lines: lines.pop(),
    "one more": lambda lines: lines.append(lines[-1]),
    "two swapped": lambda lines: lines.__setitem__(slice(7, 9), [lines[8], lines[7]]),
    "where it begins": lambda lines: lines.__setitem__(0, lines[0].replace(b":0,", b":1,", 1)),
    "its checkpoint": lambda lines: lines.__setitem__(0, lines[0].replace(b"\\n256", b"\\n255")),
    "no head": lambda lines: lines.pop(0),
    "a head that is none": lambda lines: lines.__setitem__(0, b'{"after":[]}\n'),
    "nothing": lambda lines: lines.clear(),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_archive_that_was_altered_is_refused(taken: Path, check: Checked, what: str) -> None:
    lines = taken.read_bytes().splitlines(keepends=True)
    ALTERED[what](lines)
    taken.write_bytes(b"".join(lines))
    code, said = verify_audit("--archive", str(taken))
    assert code == 1
    assert f"{taken}" in said
    assert check("export", taken, "--key", public_keys()[0]).code in {1, 2}


def test_another_panels_archive_is_refused(taken: Path, settings: Any) -> None:
    settings.SIGNING_KEYS, settings.LEDGER_ORIGIN = OTHER_KEYS, "another.example/ledger"
    tamper("DELETE FROM pools_entry", "DELETE FROM pools_signedhead", "DELETE FROM pools_treetile")
    append_events(300)
    code, said = verify_audit("--archive", str(taken))
    assert code == 1
    assert (
        f"{taken} is an archive of 'testserver/ledger', signed by no key of this ledger: it is "
        "another panel's."
    ) in said


def test_an_archive_of_the_same_name_and_key_with_another_history_is_refused(taken: Path) -> None:
    tamper("DELETE FROM pools_entry", "DELETE FROM pools_signedhead", "DELETE FROM pools_treetile")
    append_events(300)
    sign_checkpoint()
    code, said = verify_audit("--archive", str(taken))
    assert code == 1
    assert f"{taken}: its entries are not those of this ledger." in said


def test_an_archive_sealed_with_other_keys_is_refused(taken: Path, settings: Any) -> None:
    settings.AUDIT_KEYS = (("first", Secret("A" * 43 + "=")),)
    assert "entry 1 does not fit its seal" in verify_audit("--archive", str(taken))[1]
    settings.AUDIT_KEYS = (("other", Secret("A" * 43 + "=")),)
    assert (
        "the key first of entry 1 is not in AUDIT_KEYS"
        in (verify_audit("--archive", str(taken))[1])
    )


def test_a_second_archive_goes_on_after_the_first(
    taken: Path, tmp_path: Path, check: Checked, settings: Any
) -> None:
    record = event()
    append_events(500)
    second = tmp_path / "second.txt"
    with travel(datetime.now(UTC) + timedelta(days=4 * 366)):
        append_events(1)
        assert archive(second).code == 0
        assert numbers()[0] == 3 * WIDTH + 1 > record.seq
        # The first event is in the second archive; all that it said is said again.
        known = archived.newest()
        assert known
        assert [(each.first, each.last) for each in known.archives] == [(1, 256), (257, 768)]
        code, said = verify_audit("--archive", str(taken), str(second))
        assert code == 0, said
        assert f"{second}: entries 257 to 768 are as they were recorded." in said
    alone = check("export", second, "--checkpoint", taken, "--key", public_keys()[0])
    assert alone.code == 0, alone
    assert "Entries 257 to 768 are as they were recorded.\n" in alone.text
    assert recorded_under("ada")
    # What the tree keeps is made again from both.
    tamper("UPDATE pools_treetile SET hashes = root WHERE level = 0 AND number IN (0, 2)")
    assert "is not what entry" in verify_audit()[1]
    assert command("guard_ledger", "--tree", "--archive", second).code == 1
    assert command("guard_ledger", "--tree", "--archive", taken).code == 1
    assert command("guard_ledger", "--tree", "--archive", taken, second).code == 0
    assert verify_audit()[0] == 0


def intent(change: UUID, **more: Any) -> Entry:
    return append(
        Kind.INTENT, "edit", ADA, company="acme", pool_id="7", form=uuid4(), change=change, **more
    )


def test_an_open_change_stays_with_all_that_follows(file: Path) -> None:
    append_old(300)
    with travel(OLD), transaction.atomic():
        take_lease(intent(uuid4()))
    append_old(300)
    ran = archive(file)
    assert ran.code == 0
    assert numbers()[0] == WIDTH + 1
    held = (
        "Entry 302 begins a change that is open. Only whole blocks of 256 are taken out, so entry "
        "257 is the first that stays.\n"
    )
    assert ran.text.count(held) == 1
    assert verify_audit()[0] == 0
    again = archive(file.with_name("second.txt"))
    assert again.code == 3
    assert again.text == f"There is nothing to take out. {held}"


def test_a_change_that_goes_on_later_stays_whole(file: Path) -> None:
    change = uuid4()
    append_old(300)
    with travel(OLD), transaction.atomic():
        intent(change)
        append(Kind.OUTCOME, "edit", ADA, company="acme", outcome="done", change=change)
    append_old(300)
    with transaction.atomic():
        append(Kind.READBACK, "edit", ADA, company="acme", outcome="shown", change=change)
    ran = archive(file)
    assert ran.code == 0
    assert (
        "Entry 302 begins a change that goes on after entry 512, where a block ends. Only whole "
        "blocks of 256 are taken out, so entry 257 is the first that stays.\n"
    ) in ran.text
    assert numbers()[0] == WIDTH + 1
    assert verify_audit()[0] == 0


def test_a_list_stays_whole_and_one_that_is_old_goes_with_its_entries(file: Path) -> None:
    acme = Company.objects.create(name="Acme", slug="acme", base_url="https://core.example")
    old, resumed = (
        Batch.objects.create(
            company=acme, origin=1, operation="limit", how="{}", reason="", made_by_name="ada",
            made_at=OLD, source="ticked", weighed="[]", digest="0" * 64,
        )
        for _ in range(2)
    )  # fmt: skip
    with travel(OLD), transaction.atomic():
        record_event("batch_frozen", ADA, company="acme", batch=old.pk)
    append_old(300)
    with travel(OLD), transaction.atomic():
        record_event("batch_frozen", ADA, company="acme", batch=resumed.pk)
    append_old(300)
    with transaction.atomic():
        record_event("batch_started", ADA, company="acme", batch=resumed.pk)
    ran = archive(file)
    assert ran.code == 0
    assert "With them, from the database: 1 list of changes." in ran.text
    assert " begins a list of changes that goes on after entry 512, where a block ends." in ran.text
    assert numbers()[0] == WIDTH + 1
    assert list(Batch.objects.all()) == [resumed]


def test_what_is_too_young_or_too_little_or_on_hold_stays(file: Path, settings: Any) -> None:
    assert archive(file).text == "There is nothing to take out. The ledger is empty.\n"
    append_events(300)
    ran = archive(file)
    assert ran.code == 3
    assert ": 0. Only whole blocks of 256 are taken out.\n" in ran.text
    assert not file.exists()


def test_nothing_from_the_day_of_a_legal_hold_on_is_taken_out(file: Path, settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Tokyo"
    midnight = datetime(2020, 5, 1, 15, tzinfo=UTC)  # the 2nd of May begins in Tokyo
    append_old(300, midnight - timedelta(seconds=10))
    append_old(300, midnight)
    settings.LEGAL_HOLD = date(2020, 5, 1)
    ran = archive(file)
    assert ran.code == 3
    assert "LEGAL_HOLD keeps everything from 2020-05-01 on." in ran.text
    settings.LEGAL_HOLD = date(2020, 5, 2)
    assert archive(file).code == 0
    assert numbers()[0] == WIDTH + 1
    settings.LEGAL_HOLD = None
    assert archive(file.with_name("second.txt")).code == 0
    assert numbers()[0] == 2 * WIDTH + 1


def test_a_dry_run_says_what_would_go_and_changes_nothing(file: Path) -> None:
    append_old(300)
    ran = command("archive", "--older-than", "3", "--dry-run")
    assert ran == (0, "Entries 1 to 256 would be taken out: 2020-05-01 to 2020-05-01.\n")
    assert numbers() == list(range(1, 302))


def test_without_a_key_that_signs_nothing_is_taken_out(file: Path, settings: Any) -> None:
    append_old(300)
    settings.SIGNING_KEYS = ()
    assert archive(file) == (1, "Nothing was taken out. SIGNING_KEYS is not set.")
    assert numbers()[0] == 1
    assert not file.exists()


def test_no_file_is_written_over(file: Path) -> None:
    append_old(300)
    file.write_text("mine")
    ran = archive(file)
    assert ran.code == 1
    assert f"{file} already exists." in ran.text
    assert (file.read_text(), numbers()[0]) == ("mine", 1)


def test_a_ledger_that_does_not_verify_is_not_archived(file: Path) -> None:
    append_old(300)
    tamper("UPDATE pools_entry SET reason = 'another' WHERE seq = 290")
    ran = archive(file)
    assert ran.code == 1
    assert "the ledger does not verify. Entry 290 does not fit." in ran.text
    assert numbers()[0] == 1
    assert not file.exists()


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file of this process may be larger: writing beyond that fails as on a full disk."""
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, was[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_everything_as_it_was(file: Path, monkeypatch: Any) -> None:
    append_old(300)
    # Only what comes after the checks is written: the database may be larger than that.
    whole = exporting.whole_ledger

    def on_a_full_disk(*asked: int) -> Iterator[bytes]:
        yield from whole(*asked)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
        yield b"x" * 100_000

    monkeypatch.setattr(archiving, "whole_ledger", on_a_full_disk)
    with room_for(resource.RLIM_INFINITY):
        ran = archive(file)
    assert ran.code == 1
    assert f"Nothing was taken out. {file}: File too large." in ran.text
    assert numbers()[0] == 1
    assert list(file.parent.glob("archive*")) == []


def test_what_goes_on_in_the_meantime_keeps_everything(file: Path, monkeypatch: Any) -> None:
    """Between the plan and the lock: a list that is gone on with, or another who archives."""
    batch = uuid4()
    with travel(OLD), transaction.atomic():
        record_event("batch_frozen", ADA, batch=batch)
    append_old(300)
    planned = archiving.plan(3)
    with transaction.atomic():
        record_event("batch_started", ADA, batch=batch)
    with pytest.raises(archiving.CannotArchive, match="the ledger has changed since"):
        archiving.archive(planned, file)
    assert (numbers()[0], list(file.parent.glob("archive*"))) == (1, [])


def test_of_two_who_archive_one_is_refused(taken: Path, tmp_path: Path) -> None:
    planned = archiving.Plan(1, WIDTH, "", OLD, 0, "")
    with pytest.raises(archiving.CannotArchive):
        archiving.archive(planned, tmp_path / "second.txt")
    assert not (tmp_path / "second.txt").exists()


def altered_fact(name: str, value: Any) -> str:
    facts = json.loads(event().facts) | {name: value}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":")).replace("'", "''")
    return f"UPDATE pools_entry SET facts = '{text}' WHERE seq = {event().seq}"


# What is done to the database, and what is said of it with the keys and without any.
TAMPERED: Final[dict[str, tuple[Callable[[], str], str]]] = {
    "the event is gone": (
        lambda: f"UPDATE pools_entry SET action = 'deed' WHERE seq = {event().seq}",
        "Entry 1 does not fit. It is missing: entry 257 follows entry 0.",
    ),
    "more was cut off": (
        lambda: "DELETE FROM pools_entry WHERE seq < 260",
        "Entry 257 does not fit. It is missing: entry 260 follows entry 256.",
    ),
    "the event says more": (
        lambda: altered_fact("through", 260),
        "",
    ),
    "the event says less": (lambda: altered_fact("through", 200), ""),
    "the event says another digest": (
        lambda: altered_fact("last_digest", "0" * 64),
        "Entry 257 does not fit. It does not continue the entry before it.",
    ),
    "the event says another root": (
        lambda: altered_fact("root", "A" * 43 + "="),
        "is not what entry",
    ),
    "a hash is another": (
        lambda: "UPDATE pools_treetile SET root = hashes, hashes = root WHERE level = 0",
        "is not what entry",
    ),
    "the hashes are gone": (lambda: "DELETE FROM pools_treetile", "is not what entry"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_tampering_with_what_was_archived_is_found_with_keys_and_without(
    taken: Path, what: str
) -> None:
    statement, reason = TAMPERED[what]
    tamper(statement())
    for words in ([], ["--without-keys"]):
        code, said = verify_audit(*words)
        assert code == 1, said
        assert reason in said
    assert archive(taken.with_name("second.txt")).code in {1, 3}


def test_an_event_that_nobody_has_sealed_or_signed_is_no_archive(taken: Path) -> None:
    """Forged by somebody who can write to the database, with every hash as it must be."""
    append_events(300)
    sign_checkpoint()
    head, known = Entry.objects.get(seq=numbers()[-1]), archived.newest()
    assert known
    forged = Entry.objects.get(seq=known.seq)
    cut = 2 * WIDTH
    said = replace(
        known,
        through=cut,
        last_digest=Entry.objects.get(seq=cut).digest,
        root=Tree(cut).root(),
        archives=(replace(known.archives[0], last=cut),),
    )
    forged.seq, forged.previous, forged.digest = head.seq + 1, head.digest, "f" * 64
    forged.facts = canonical_json({**said.facts(), "address": ""})
    with unguarded_ledger():
        Entry.objects.bulk_create([forged])
    tamper(f"DELETE FROM pools_entry WHERE seq <= {cut}")
    code, said_with_keys = verify_audit()
    assert code == 1
    assert f"Entry {forged.seq} does not fit. Its digest does not fit" in said_with_keys
    code, without = verify_audit("--without-keys")
    assert code == 1
    assert f"Entry {forged.seq} says that entries 1 to {cut} are in an archive, but no signed" in (
        without
    )


def test_names_stay_taken_and_keys_stay_known(file: Path, settings: Any) -> None:
    public = public_keys()
    with travel(OLD):
        sign_checkpoint_of_one()
        settings.SIGNING_KEYS = OTHER_KEYS
        with transaction.atomic():
            record_event("person_added", ADA, facts={"name": "grace", "person": "9"})
            record_event("deed", Actor(8, "Élise"), company="gone")
    append_old(300)
    with travel(OLD):
        sign_checkpoint()
    for each in (file, None):
        for name in ("ada", "grace", "élise"):
            with pytest.raises(NameTaken) as taken:
                must_be_free(name)
            assert taken.value.holder is NameHolder.HISTORY
        must_be_free("somebody")
        assert [company_is_recorded(each) for each in ("GONE", "acme", "new")] == [
            True,
            True,
            False,
        ]
        assert public[0] in public_keys()
        if each:
            assert archive(each).code == 0


def sign_checkpoint_of_one() -> None:
    append_events(1)
    sign_checkpoint()


def test_the_feed_says_where_it_begins(taken: Path, settings: Any) -> None:
    settings.FEED_TOKEN = Secret(FEED_TOKEN)
    bearer = {"Authorization": f"Bearer {FEED_TOKEN}"}
    known = archived.newest()
    assert known
    for after in ("0", "1", "255"):
        answer = Client().get(f"/audit/feed?after={after}", headers=bearer)
        assert answer.status_code == 410
        assert b"Entries 1 to 256 are in an archive" in answer.content
        assert command("feed", "--after", after) == (1, answer.content.decode().strip())
    for query in ("after=256", f"after=256&uid={known.last_digest}", "after=257"):
        assert Client().get(f"/audit/feed?{query}", headers=bearer).status_code == 200
    assert Client().get(f"/audit/feed?after=256&uid={FIRST}", headers=bearer).status_code == 409
    lines = command("feed", "--after", "256").text.splitlines()
    told = [json.loads(line)["metadata"] for line in lines]
    assert [each["sequence"] for each in told] == numbers()
    assert "event.ledger_archived" in {each["event_code"] for each in told}


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_in_the_middle(size: int, first: int) -> Iterator[bytes]:
    yield next(exporting.whole_ledger(size, first))[:5000]
    die()


KILLED: Final[dict[str, tuple[object, str, Callable[..., Any]]]] = {
    "while the file is written": (archiving, "whole_ledger", die_in_the_middle),
    "before it is read back": (archiving, "_read_back", die),
    "before the lock": (archiving, "lock", die),
    "once it is recorded": (archiving, "_remove", die),
    "while the trigger is off": (guarding, "put_back", die),
    "before the file has its name": (Path, "rename", die),
    "before it is committed": (archiving, "_keep_name", die),
    "once it is committed": (command_of_archive, "sign_checkpoint", die),
}


def run_and_die(file: Path, where: object, name: str, instead: Callable[..., Any]) -> None:
    """A process of its own archives, and is killed there."""
    child = os.fork()
    if child == 0:
        # A process has a connection of its own. To close ours here is not enough: if Playwright's
        # event loop runs, Django keeps a second one, and the child, where no loop runs, sees that.
        del connections["default"]
        try:
            with patch.object(where, name, instead):
                # Why it came to an end all the same.
                print(archive(file), file=sys.stderr)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


@pytest.mark.parametrize("when", KILLED)
def test_whoever_is_killed_leaves_all_or_nothing_and_can_run_it_again(
    file: Path, when: str
) -> None:
    append_old(300)
    run_and_die(file, *KILLED[when])
    gone = when == "once it is committed"
    assert missing_triggers() == []
    assert numbers()[0] == (WIDTH + 1 if gone else 1)
    code, said = verify_audit("--archive", str(file)) if file.exists() else verify_audit()
    assert code == 0, said
    if gone:
        assert f"{file}: entries 1 to 256 are as they were recorded.\n" in said
        return
    if file.exists():
        assert "and still in the database: the run that wrote it was stopped." in said
        assert archive(file).code == 1
        file.unlink()
    assert archive(file).code == 0
    assert [each.name for each in file.parent.glob("archive*")] == [file.name]
    assert verify_audit("--archive", str(file))[0] == 0


def test_an_archive_can_be_looked_into(taken: Path, settings: Any) -> None:
    before = list(Entry.objects.order_by("seq").values_list("seq", "digest"))
    ran = command("restore_archive", taken)
    assert ran.code == 1
    assert "SIGNING_KEYS is set" in ran.text
    settings.SIGNING_KEYS = ()
    assert "This database has a ledger already." in command("restore_archive", taken).text
    assert list(Entry.objects.order_by("seq").values_list("seq", "digest")) == before
    digest = archived_digest()
    tamper(*(f"DELETE FROM pools_{table}" for table in ("entry", "signedhead", "treetile")))
    tamper("DELETE FROM pools_indexterm")
    assert command("restore_archive", taken) == (
        0,
        "Entries 1 to 256 are here, as they were recorded.\n",
    )
    assert Entry.objects.get(seq=WIDTH).digest == digest
    assert verify_audit("--index")[0] == 0


def archived_digest() -> str:
    known = archived.newest()
    assert known
    return known.last_digest


def test_of_another_panels_archive_or_a_part_nothing_is_restored(
    taken: Path, tmp_path: Path, settings: Any
) -> None:
    settings.SIGNING_KEYS = ()
    tamper(*(f"DELETE FROM pools_{table}" for table in ("entry", "signedhead", "treetile")))
    lines = taken.read_bytes().splitlines(keepends=True)
    cut, later = tmp_path / "cut.txt", tmp_path / "later.txt"
    cut.write_bytes(b"".join(lines[:-1]))
    later.write_bytes(lines[0].replace(b'"after":0', b'"after":1').replace(
        b'"roots":[]', b'"roots":["%b="]' % (b"A" * 43)) + b"".join(lines[2:]))  # fmt: skip
    assert "or some are missing" in command("restore_archive", cut).text
    assert "begins with entry 2, not 1" in command("restore_archive", later).text
    none = tmp_path / "none.txt"
    assert command("restore_archive", none) == (
        1, f"Nothing was restored. {none}: No such file or directory."
    )  # fmt: skip
    settings.AUDIT_KEYS = (("first", Secret("A" * 43 + "=")),)
    assert "AUDIT_KEYS is another panel's" in command("restore_archive", taken).text
    assert not Entry.objects.exists()


def test_an_entry_that_was_put_back_is_found(taken: Path) -> None:
    tamper(INSERT + values_like(event().seq - 1, seq="5"))
    code, said = verify_audit()
    assert code == 1
    assert (
        "Entry 5 does not fit. It is there, though the ledger says that it is in an archive."
        in (said)
    )


def test_a_walk_that_is_overtaken_by_an_archive_finds_nothing_wrong(
    file: Path, monkeypatch: Any
) -> None:
    append_old(300)
    append_events(5)
    follow = proof._Changes.follow
    overtaken: list[bool] = []

    def archived_meanwhile(self: Any, rows: Any) -> None:
        if not overtaken:
            overtaken.append(True)
            assert archive(file).code == 0
        follow(self, rows)

    monkeypatch.setattr(chain, "CHUNK", 100)
    monkeypatch.setattr(proof._Changes, "follow", archived_meanwhile)
    assert verify_audit()[0] == 0
    assert file.exists()
