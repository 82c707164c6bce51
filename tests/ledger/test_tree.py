"""The tree over the ledger: its roots and proofs, tiles or none, as RFC 6962 has them."""

import hmac
from itertools import pairwise

import pytest
from django.db import transaction

from pools.ledger import tree
from pools.ledger.appending import record_event
from pools.ledger.chain import covered, keys, rows_between
from pools.ledger.hashes import leaf_hash
from pools.ledger.tree import DoesNotFit, Newest, Tree
from pools.models import Entry, TreeTile
from tests.fixtures import merkle
from tests.fixtures.ledger import ADA, append_events, tamper

COUNT = 70


@pytest.fixture
def small_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four hashes in a tile: seventy entries then have tiles at three levels."""
    monkeypatch.setattr(tree, "HEIGHT", 2)
    monkeypatch.setattr(tree, "WIDTH", 4)


@pytest.fixture
def entries(db: None) -> list[bytes]:
    """Entries, and the hashes of their leaves."""
    append_events(COUNT)
    return leaves()


def leaves() -> list[bytes]:
    return [tree.leaf_of(row) for row in rows_between(1, 1000)]


def keep_tiles() -> Newest:
    newest = Newest()
    for _ in newest.chunks():
        pass
    return newest


def test_a_leaf_is_what_the_digest_covers(entries: list[bytes]) -> None:
    (_, key) = next(keys())
    last = Entry.objects.get(seq=COUNT)
    previous = Entry.objects.get(seq=COUNT - 1).digest
    data = covered(rows_between(COUNT, COUNT)[0])
    assert data.startswith(f'1|{COUNT}|{previous}|{{"action":"deed"'.encode())
    assert hmac.new(key, data, "sha256").hexdigest() == last.digest
    assert entries[-1] == leaf_hash(data)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize("kept", [False, True], ids=["no tiles", "tiles"])
def test_roots_and_proofs_are_the_rfcs_at_every_size(entries: list[bytes], *, kept: bool) -> None:
    if kept:
        newest = keep_tiles()
        assert newest.size == COUNT
        assert newest.hashes == entries[COUNT - COUNT % 4 :]
        counts = TreeTile.objects.values_list("level", flat=True)
        assert [list(counts).count(level) for level in range(4)] == [17, 4, 1, 0]
    for size in [1, 2, 3, 4, 5, 15, 16, 17, 33, 63, 64, 65, COUNT]:
        whole = Tree(size)
        assert whole.root() == tree.root_at(size) == merkle.root(entries[:size])
        for other in {0, size // 3, size // 2, size - 1}:
            assert whole.root(other) == merkle.root(entries[:other])
            assert whole.leaf(other) == entries[other]
            assert whole.inclusion(other) == merkle.inclusion(other, entries[:size])
            assert whole.consistency(other) == merkle.consistency(other, entries[:size])
    assert tree.inclusion_proof(5, COUNT) == merkle.inclusion(5, entries)
    assert tree.consistency_proof(33, COUNT) == merkle.consistency(33, entries)
    assert (tree.tree_size(), tree.root_at(0)) == (COUNT, merkle.root([]))


@pytest.mark.usefixtures("small_tiles")
def test_it_grows_by_any_steps_and_reads_only_what_is_new(db: None) -> None:
    sizes = [0, 1, 3, 4, 5, 15, 16, 17, 63, 66]
    for before, size in pairwise(sizes):
        append_events(size - before)
        newest = Newest()
        read = sum(newest.chunks())
        assert read == size - before // 4 * 4
        given = Tree(newest.size, newest.hashes)
        assert given.root() == Tree(size).root() == merkle.root(leaves())


@pytest.mark.django_db
def test_a_tree_that_is_not_there_has_no_proof() -> None:
    append_events(3)
    for ask in (
        lambda: tree.root_at(4),
        lambda: tree.root_at(-1),
        lambda: tree.inclusion_proof(3, 3),
        lambda: tree.inclusion_proof(-1, 3),
        lambda: tree.consistency_proof(4, 3),
        lambda: Tree(3).root(4),
        lambda: Tree(3).leaf(3),
    ):
        with pytest.raises(ValueError, match="has no"):
            ask()


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_leaves_no_trace() -> None:
    append_events(600)
    keep_tiles()
    before = Tree(600).root(), TreeTile.objects.count()
    with transaction.atomic():
        for _ in range(300):
            record_event("deed", ADA)
        transaction.set_rollback(True)
    assert keep_tiles().size == 600
    assert (Tree(600).root(), TreeTile.objects.count()) == before == (merkle.root(leaves()), 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pools_entry SET reason = 'another' WHERE seq = 5",
        "UPDATE pools_entry SET digest = 'another' WHERE seq = 5",
        "DELETE FROM pools_entry WHERE seq = 5",
    ],
)
def test_what_does_not_fit_the_chain_does_not_come_into_the_tree(statement: str) -> None:
    append_events(10)
    tamper(statement)
    with pytest.raises(DoesNotFit, match=r"Entry [56] does not fit"):
        keep_tiles()
    assert TreeTile.objects.count() <= 1


@pytest.mark.django_db(transaction=True)
def test_a_gap_is_no_tree() -> None:
    append_events(5)
    tamper("DELETE FROM pools_entry WHERE seq = 2")
    with pytest.raises(DoesNotFit, match="some are missing"):
        tree.root_at(5)
