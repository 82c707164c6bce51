"""What the panel keeps: companies, sealed tokens, the ledger, leases, invitations."""

from pools.models.canary import KeyCanary
from pools.models.company import Company
from pools.models.entry import Entry
from pools.models.index_term import IndexTerm
from pools.models.invitation import Invitation, LastSeen
from pools.models.lease import Lease
from pools.models.token import Token

__all__ = [
    "Company",
    "Entry",
    "IndexTerm",
    "Invitation",
    "KeyCanary",
    "LastSeen",
    "Lease",
    "Token",
]
