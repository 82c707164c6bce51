"""What may be in the way of a change, asked by one statement: before Core is, and under the lock.

Mostly nothing is. What is, is then looked at by whoever knows it best.
"""

from typing import NamedTuple

from pools.changes.proposal import ProposedChange
from pools.ledger import leases
from pools.ledger.chain import fetched


class Checked(NamedTuple):
    """What the database says of a change that is about to be made.

    `sent_before`: its form was. `may_be_held`: a lease or an open change holds the pool, or
    may hold the name of a new one. `newest` is the number of the newest entry about the pool;
    0 where there is none.
    """

    sent_before: bool
    is_active: bool
    may_be_held: bool
    newest: int


def checked(change: ProposedChange) -> Checked:
    slug, pool_key = change.company.slug, change.pool_key
    open_changes, given = leases.open_changes_sql(slug, pool_key)
    # As a text: put together for each change, twice, it costs more than all that is asked.
    statement = (
        "SELECT EXISTS (SELECT 1 FROM pools_entry WHERE form = %s),"  # noqa: S608  # nosec B608
        " EXISTS (SELECT 1 FROM pools_company WHERE id = %s AND archived_at IS NULL),"
        " EXISTS (SELECT 1 FROM pools_lease WHERE company = %s AND pool_key = %s)"
        f" OR EXISTS ({open_changes}),"
        " (SELECT MAX(seq) FROM pools_entry"
        " WHERE company = %s AND pool_id = %s AND change IS NOT NULL)"
    )
    asked = [change.form_id.hex, change.company.pk, slug, pool_key, *given, slug, change.reference]
    [(sent_before, is_active, may_be_held, newest)] = fetched(statement, asked)
    # A new pool has no entry yet; those without an id are about others.
    about_it = newest or 0 if change.pool_id is not None else 0
    return Checked(bool(sent_before), bool(is_active), bool(may_be_held), about_it)
