"""The feed at length: readers that are killed a thousand times, and how fast it is read."""

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from pools.models import Entry
from pools.secret import Secret
from tests.feed.ocsf import faults
from tests.fixtures.ledger import append_events
from tests.fixtures.panel_process import start_panel_process
from tests.fixtures.sampling import share_of

# Of each kind of reader: a thousand together.
KILLS = share_of(500)
ENTRIES = share_of(12_000)
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

# Forks a reader again and again; each is killed by an alarm of the kernel, some milliseconds
# after it was connected. One of two kinds: ours, into a file; or somebody's own, who writes lines
# first and then notes the last one.
KILLING = """
import os, random, signal, sys
from pathlib import Path
from pools.feed.log_file import FeedFile
from pools.feed.lines import Cursor, lines_after

kind, folder, kills, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
dice = random.Random(seed)

def read(cursor):
    return [*lines_after(cursor, version="0", values=False, most=7)]

def ours():
    with FeedFile(folder / "ours") as file:
        while file.append(read(file.cursor)):
            pass

def another():
    note = folder / "note"
    seq, uid = note.read_text().split() if note.exists() else ("0", "")
    cursor = Cursor(int(seq), uid)
    with (folder / "another").open("a") as file:
        # Behind what a kill left of a line.
        file.write(chr(10))
        while lines := read(cursor):
            for line in lines:
                file.write(line.text + chr(10))
                file.flush()
            cursor = lines[-1].cursor
            note.with_suffix(".new").write_text(f"{cursor.seq} {cursor.uid}")
            note.with_suffix(".new").replace(note)

killed = 0
while killed < kills or kills == 0:
    moment = 0.0001 + dice.random() * 0.02
    child = os.fork()
    if child == 0:
        read(Cursor())
        if kills:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, moment)
        {"ours": ours, "another": another}[kind]()
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    if not kills:
        sys.exit(ended)
    killed += os.WIFSIGNALED(ended)
print(killed)
"""


def kill(kind: str, folder: Path, kills: int) -> None:
    seed = random.randrange(2**32)
    process = start_panel_process(KILLING, kind, str(folder), str(kills), str(seed))
    said, errors = process.communicate(timeout=600)
    assert process.returncode == 0, (seed, errors)
    assert kills == 0 or int(said) == kills


def uids(file: Path) -> Iterator[tuple[int, str]]:
    """Number and id on each whole line. What a kill left of one is no line."""
    for line in file.read_text().splitlines():
        try:
            metadata = json.loads(line or "?")["metadata"]
        except ValueError:
            continue
        yield metadata["sequence"], metadata["uid"]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["ours", "another"])
def test_readers_killed_a_thousand_times_have_every_entry(kind: str, tmp_path: Path) -> None:
    append_events(ENTRIES)
    kill(kind, tmp_path, KILLS)
    read_so_far = len({*uids(tmp_path / kind)})
    append_events(100)
    kill(kind, tmp_path, 0)
    found = Counter(uids(tmp_path / kind))
    print(f"{kind}: {KILLS} kills within {read_so_far:,} entries, {len(found):,} in all, ")
    print(f"{sum(found.values()) - len(found):,} repeated under the same id")
    assert set(found) == set(Entry.objects.values_list("seq", "digest"))
    # Ours never repeats one: it goes on after the last whole line.
    assert kind == "another" or set(found.values()) == {1}


@pytest.mark.timeout(300)
def test_all_of_it_is_read_and_how_fast_is_told(settings: Any) -> None:
    settings.FEED_TOKEN = Secret(token := "read-by-the-proof-of-the-feed")
    append_events(ENTRIES)
    client, after, started = (
        Client(headers={"Authorization": f"Bearer {token}"}),
        0,
        time.monotonic(),
    )
    lines: list[bytes] = []
    while page := client.get(f"/audit/feed?after={after}").content.splitlines():
        lines += page
        after = json.loads(page[-1])["metadata"]["sequence"]
    took = time.monotonic() - started
    print(f"{len(lines):,} entries in {took:.1f} s, {len(lines) / took:,.0f} a second")
    assert len(lines) == ENTRIES
    assert [line for line in lines[::97] if faults(json.loads(line))] == []
