"""The tree's hashes, against RFC 6962's own words and the roots that others publish for them."""

from hashlib import sha256
from random import Random

import pytest

from pools.ledger import hashes
from pools.ledger.hashes import DoesNotFit, Growing, check_consistency, check_inclusion
from tests.fixtures.merkle import consistency, inclusion, root

# The leaves and roots that implementations of Certificate Transparency are tried with.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = [sha256(bytes([number])).digest() for number in range(41)]


@pytest.mark.parametrize("size", range(len(ROOTS)))
def test_the_roots_are_those_that_everybody_has(size: int) -> None:
    assert hashes.root_of(map(hashes.leaf_hash, LEAVES[:size])).hex() == ROOTS[size]


def test_growing_has_the_root_of_every_size() -> None:
    growing = Growing()
    for size in range(len(MANY) + 1):
        assert growing.root() == root(MANY[:size])
        if size < len(MANY):
            growing.add(MANY[size])


def test_every_inclusion_is_proved_and_nothing_else() -> None:
    for size in range(1, 20):
        leaves, top = MANY[:size], root(MANY[:size])
        for index in range(size):
            proof = inclusion(index, leaves)
            check_inclusion(index, size, leaves[index], proof, top)
            for other in range(size):
                if other != index:
                    refuses_inclusion(other, size, leaves[index], proof, top)
            refuses_inclusion(index, size, MANY[-1], proof, top)
            refuses_inclusion(index, size, leaves[index], [*proof, top], top)
            refuses_inclusion(index, size, leaves[index], proof[1:] or [top], top)
            refuses_inclusion(size, size, leaves[index], proof, top)
            refuses_inclusion(-1, size, leaves[index], proof, top)


def refuses_inclusion(index: int, size: int, leaf: bytes, proof: list[bytes], top: bytes) -> None:
    with pytest.raises(DoesNotFit):
        check_inclusion(index, size, leaf, proof, top)


def test_every_growth_is_proved_and_no_other_history() -> None:
    dice = Random(3)
    for size in range(20):
        for old in range(size + 1):
            proof = consistency(old, MANY[:size])
            before, after = root(MANY[:old]), root(MANY[:size])
            check_consistency(old, size, before, after, proof)
            refuses_growth(size + 1, size, before, after, proof)
            refuses_growth(old, size, before, after, [*proof, after])
            if old:
                rewritten = list(MANY[:size])
                rewritten[dice.randrange(old)] = bytes(32)
                other = root(rewritten)
                refuses_growth(old, size, before, other, consistency(old, rewritten))
            if proof:
                refuses_growth(old, size, before, after, proof[:-1])
                refuses_growth(old, size, before, after, proof[1:])


def refuses_growth(old: int, size: int, before: bytes, after: bytes, proof: list[bytes]) -> None:
    with pytest.raises(DoesNotFit):
        check_consistency(old, size, before, after, proof)
