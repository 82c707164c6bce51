"""Whether a pool that Core does not have is this company's: with a token that is its own.

A token may be another company's, by mistake: then each pool of this one is missing, which
says nothing about a pool.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from pools.core import CoreClient, NotFound, Pool
from pools.core.comparing import same_value
from pools.models import Company, Entry, Token
from pools.models.reference import PoolReference
from pools.models.vocabulary import Kind

LATEST_LOOKED_AT: Final = 50
MOST_WITNESSES: Final = 3


@dataclass(frozen=True, slots=True)
class Witness:
    """A pool of the company, and the names that it had here: an id alone may be another's."""

    pool_id: int
    names: frozenset[str]

    def is_called_as(self, pool: Pool) -> bool:
        return any(same_value(pool.name, name) for name in self.names)


def is_companys_own(
    core: CoreClient, company: Company, pool_id: int, reader: int | None = None
) -> bool:
    """Whether what Core does not show of a pool to this token is evidence. Raises CoreError.

    `reader` is whose token it is: where they have changed this very pool with it, no other
    pool has to be asked for.
    """
    return has_reached(company, pool_id, reader) or is_heard(
        core, latest_of(company.slug, PoolReference(company.origin, pool_id))
    )


def latest_of(company: str, own: PoolReference) -> tuple[Witness, ...]:
    """The pools of a company's origin that were changed here last, without the one in question."""
    newest = _latest(company, own.origin)
    return tuple(islice((each for each in newest if each.pool_id != own.pool_id), MOST_WITNESSES))


def are_listed(company: Company, pools: Iterable[Pool]) -> bool:
    """Whether a list has one of the pools that were changed here last, under a name it had."""
    listed = {pool.id: pool for pool in pools}
    return any(
        each.pool_id in listed and each.is_called_as(listed[each.pool_id])
        for each in _latest(company.slug, company.origin)
    )


def _latest(company: str, origin: int) -> list[Witness]:
    changed = Entry.objects.filter(company=company, kind__in=[Kind.INTENT, Kind.OUTCOME])
    latest = changed.order_by("-seq").values_list("pool_id", "pool_name")[:LATEST_LOOKED_AT]
    names: dict[int, set[str]] = {}
    for text, name in latest:
        try:
            pool = PoolReference.read(text)
        except ValueError:
            continue  # not as we write entries: verify_audit reports it
        if pool.origin == origin and pool.pool_id is not None:
            names.setdefault(pool.pool_id, set()).add(name)
    return [Witness(pool_id, frozenset(called)) for pool_id, called in names.items()]


def is_heard(core: CoreClient, witnesses: tuple[Witness, ...]) -> bool:
    """Whether one of the pools is there, under a name that it had. Raises CoreError."""
    return any(_is_there(core, witness) for witness in witnesses)


def _is_there(core: CoreClient, witness: Witness) -> bool:
    try:
        pool = core.get_pool(witness.pool_id)
    except NotFound:
        return False
    return witness.is_called_as(pool)


def has_reached(company: Company, pool_id: int, reader: int | None) -> bool:
    """Whether somebody (a user's id) has changed this very pool with their token in use."""
    if reader is None:
        return False
    token = Token.objects.filter(user=reader, company=company, confirmed_at__isnull=False).first()
    reference = company.reference(pool_id)
    own = Entry.objects.filter(company=company.slug, pool_id=reference, actor_id=str(reader))
    return token is not None and own.filter(at__gte=token.created_at).exists()
