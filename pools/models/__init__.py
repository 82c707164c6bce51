"""What the panel keeps: companies, tokens, the ledger, the catalogue, invitations, notes …"""

from pools.models.allowance import Allowance
from pools.models.batch import Batch, BatchItem
from pools.models.canary import KeyCanary
from pools.models.catalogue import Reading, SeenPool, SeenSystem
from pools.models.company import Company
from pools.models.entry import Entry
from pools.models.index_term import IndexTerm
from pools.models.invitation import Invitation, LastSeen
from pools.models.lease import Lease
from pools.models.leaving import DisabledSince
from pools.models.note import PinnedNote
from pools.models.token import Token
from pools.models.tree import CheckpointStanding, SignedHead, TreeTile

__all__ = [
    "Allowance",
    "Batch",
    "BatchItem",
    "CheckpointStanding",
    "Company",
    "DisabledSince",
    "Entry",
    "IndexTerm",
    "Invitation",
    "KeyCanary",
    "LastSeen",
    "Lease",
    "PinnedNote",
    "Reading",
    "SeenPool",
    "SeenSystem",
    "SignedHead",
    "Token",
    "TreeTile",
]
