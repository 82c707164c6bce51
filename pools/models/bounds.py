"""How long the panel's own texts may be, and how large its numbers: one table for all.

The columns, the forms and what is cut follow it.

Those of Core's fields are in `pools/core/bounds.py`, and an address has its own beside its rules.
"""

from typing import Final

from pools.core.bounds import NumberBounds

# As the columns of Django's users have them.
USERNAME: Final = 150
FULL_NAME: Final = 150
# A company's; its short name stands in each of its entries and leases.
COMPANY_NAME: Final = 100
COMPANY_SLUG: Final = 50
# Where a company stands in lists, from 1 on: those that nobody placed are all in one place.
USUAL_POSITION: Final = 100
LAST_POSITION: Final = 999
# Also of what somebody signs in with: a user name is shorter.
EMAIL: Final = 254
TOKEN_LABEL: Final = 100
# Why a change is made, or its pool is unlocked.
REASON: Final = 1000
# Why a company's ids began again.
IDS_BEGAN_AGAIN: Final = 255
# The code of an invitation, or of a new password: longer than any that is made.
CODE: Final = 100
PASSKEY_NAME: Final = 60
# A note that is pinned to a pool or a company.
NOTE: Final = 500
# A system as Core names it; and how many requests at a time an account there may allow.
SYSTEM_NAME: Final = 255
ALLOWANCE: Final = NumberBounds(1, 10**9)
# A signed checkpoint that somebody kept, with the lines of its witnesses.
CHECKPOINT: Final = 10_000
