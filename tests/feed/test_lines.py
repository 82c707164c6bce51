"""The feed from an entry on: every entry once, in order; and a cursor of another record is told."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from pools.feed import lines
from pools.feed.lines import Beyond, Cursor, lines_after
from pools.feed.log_file import FeedFile, InUse
from pools.models import Entry
from pools.secret import Secret
from tests.feed.ocsf import faults
from tests.fixtures.ledger import append_events

TOKEN = "read-by-the-tests-of-the-feed"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def seven(settings: Any) -> None:
    settings.FEED_TOKEN = Secret(TOKEN)
    append_events(7)


def get(query: str = "after=0", headers: dict[str, str] = BEARER) -> Any:
    return Client().get(f"/audit/feed?{query}", headers=headers)


def numbers(text: str) -> list[int]:
    events = [json.loads(line) for line in text.splitlines()]
    assert [faults(event) for event in events if faults(event)] == []
    return [event["metadata"]["sequence"] for event in events]


def drained(cursor: Cursor, most: int) -> Iterator[int]:
    while lines := [*lines_after(cursor, version="0", values=False, most=most)]:
        cursor = lines[-1].cursor
        yield from (line.cursor.seq for line in lines)


@pytest.mark.usefixtures("seven")
def test_every_entry_is_told_once_and_in_order_whatever_the_page() -> None:
    for most in (1, 2, 3, 7, 50):
        assert [*drained(Cursor(), most)] == [*range(1, 8)]
    assert [*drained(Cursor(5), 50)] == [6, 7]
    assert [*drained(Cursor(7), 50)] == []


@pytest.mark.usefixtures("seven")
def test_a_cursor_of_another_record_is_told_and_never_passed_over() -> None:
    (same, other) = Entry.objects.get(seq=3).digest, Entry.objects.get(seq=4).digest
    assert [*drained(Cursor(3, same), 50)] == [4, 5, 6, 7]
    for cursor in (Cursor(3, other), Cursor(8), Cursor(9_000)):
        with pytest.raises(Beyond, match=rf"^Entry {cursor.seq} .*this record ends at 7\."):
            next(drained(cursor, 50))


@pytest.mark.usefixtures("seven")
def test_over_http_with_its_own_token() -> None:
    first = get()
    assert (first.status_code, first["Content-Type"]) == (200, "application/x-ndjson")
    assert numbers(first.content.decode()) == [*range(1, 8)]
    assert get().content == first.content
    assert numbers(get("after=6").content.decode()) == [7]
    assert get("after=7").content == b""
    assert get("after=8").status_code == 409
    assert get(f"after=6&uid={'0' * 64}").status_code == 409
    for wrong in ("", "after=", "after=-1", "after=x", f"after={'9' * 19}"):
        assert get(wrong).status_code == 400
    assert Client().post("/audit/feed?after=0", headers=BEARER).status_code == 405


@pytest.mark.usefixtures("seven")
def test_without_the_token_it_says_nothing(settings: Any) -> None:
    for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
        answer = get(headers=header)
        assert (answer.status_code, answer["WWW-Authenticate"]) == (401, 'Bearer realm="feed"')
        assert b"ada" not in answer.content
    settings.FEED_TOKEN = None
    assert get().status_code == 404


@pytest.mark.usefixtures("seven")
def test_values_are_told_only_where_the_setting_says_so(settings: Any) -> None:
    assert b"reason 3" not in get().content
    settings.FEED_VALUES = True
    assert b"reason 3" in get().content


@pytest.mark.usefixtures("seven")
def test_a_page_is_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        [*lines_after(Cursor(2), version="0", values=True)]


@pytest.mark.usefixtures("seven")
def test_the_command_writes_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("feed", "--after", "2")
    printed = capsys.readouterr().out
    assert numbers(printed) == [3, 4, 5, 6, 7]
    assert printed.encode() == get("after=2").content
    with pytest.raises(CommandError, match=r"^Entry 8 is not the one that you read"):
        call_command("feed", "--after", "8")


# --- Into a file


def feed_to(file: Path, *options: str) -> list[int]:
    call_command("feed", "--to", str(file), *options)
    return numbers(file.read_text())


@pytest.mark.usefixtures("seven")
def test_a_file_goes_on_after_its_last_whole_line(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    assert feed_to(file, "--after", "2") == [3, 4, 5, 6, 7]
    text = file.read_text()
    # Killed within a line, before the note was written.
    file.write_text(text[:-40])
    Path(f"{file}.cursor").write_text(f"5 {Entry.objects.get(seq=5).digest}\n")
    assert feed_to(file) == [3, 4, 5, 6, 7]
    assert file.read_text() == text
    append_events(2)
    assert feed_to(file) == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.usefixtures("seven")
def test_a_file_that_was_rotated_away_goes_on_by_its_note(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    feed_to(file)
    file.rename(tmp_path / "feed.jsonl.1")
    append_events(1)
    assert feed_to(file) == [8]
    # The same while it writes.
    with FeedFile(file) as open_file:
        file.rename(tmp_path / "feed.jsonl.2")
        append_events(1)
        open_file.append([*lines_after(open_file.cursor, version="0", values=False)])
    assert numbers(file.read_text()) == [9]


@pytest.mark.usefixtures("seven")
def test_a_file_with_the_lines_of_another_record_is_not_gone_on_with(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    feed_to(file)
    file.write_text(file.read_text().replace(Entry.objects.get(seq=7).digest, "0" * 64))
    Path(f"{file}.cursor").unlink()
    with pytest.raises(CommandError, match="another panel's"):
        feed_to(file)


@pytest.mark.usefixtures("seven")
def test_two_never_write_to_one_file(tmp_path: Path) -> None:
    file = tmp_path / "feed.jsonl"
    with FeedFile(file):
        with pytest.raises(InUse):
            FeedFile(file)
        with pytest.raises(CommandError, match="Another process writes to"):
            feed_to(file)


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"No such file or directory\.$"):
        feed_to(tmp_path / "none" / "feed.jsonl")


def test_a_page_is_some_megabytes_at_most() -> None:
    assert lines.MOST <= 5000
