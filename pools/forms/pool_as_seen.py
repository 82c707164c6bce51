"""The hidden `seen` of a form: which pool it is about, and how the person saw it, signed."""

from datetime import datetime
from typing import Any, Final

from django.core import signing

from pools.changes import Snapshot
from pools.core import Pool
from pools.core.decoding import read_time
from pools.models import Company
from pools.models.reference import PoolReference

# Not renamed with its module: forms that are open in a browser would be refused.
_SALT: Final = "pools.forms.seen"


def seal(company: Company, pool_id: int | None, pool: Pool | None) -> str:
    """What a form shows of a pool, and when that was made; of a new one only where it is to be."""
    seen: list[Any] = [None]
    if pool:
        seen = [Snapshot.from_pool(pool).to_json(), pool.created_at and pool.created_at.isoformat()]
    return signing.dumps([_about(company, pool_id), *seen], salt=_SALT, compress=True)


def is_about(sealed: str, company: Company, pool_id: int | None) -> bool:
    """Whether the `seen` of a form says that it was opened for this pool, where it is now.

    Another origin's pool of that id is another one, and a new pool belongs to the origin
    at which its form was opened.
    """
    return bool(_unsealed(sealed)[0] == _about(company, pool_id))


def is_of_other_origin(sealed: str, company: Company, pool_id: int | None) -> bool:
    """Whether it was opened for the pool that had this id before the company's pools were others.

    Or for a new pool, then.
    """
    about = _unsealed(sealed)[0]
    if about is None or about[0] != company.slug:
        return False
    reference = PoolReference.read(about[1])
    return reference.pool_id == pool_id and reference.origin != company.origin


def snapshot_in(sealed: str) -> Snapshot:
    """The pool as the person saw it, of a `seen` that is about a pool."""
    return Snapshot.from_json(_unsealed(sealed)[1])


def created_in(sealed: str) -> datetime | None:
    """When the pool was made that the person saw; None where that is not known."""
    return read_time(_unsealed(sealed)[2])


def _about(company: Company, pool_id: int | None) -> list[str]:
    return [company.slug, company.reference(pool_id)]


def _unsealed(sealed: str) -> tuple[Any, Any, Any]:
    """What a form is about, how it showed that, and when that was made.

    None where that is not under our seal; forms that were opened before the panel was updated
    don't have the last.
    """
    try:
        about, snapshot, *rest = signing.loads(sealed, salt=_SALT)
    except (signing.BadSignature, ValueError):
        return None, None, None
    return about, snapshot, rest[0] if rest else None
