"""Stuck orders: what else it can be than the pool, for the page that helps to tell.

The panel sees pools and what was done to them. Patchworks tells it neither how many requests
run or wait, nor anything of the other four causes: the page says so, instead of guessing.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Cause:
    """Why orders wait: what it is, what people notice first, and what to do about it."""

    anchor: str
    title: str
    noticed: str
    what: str
    from_here: str
    to_do: str
    at_patchworks: str


CAUSES: Final = (
    Cause(
        anchor="the-pool",
        title="The pool is full",
        noticed=(
            "Only what uses this pool waits or has become slow. Other connectors of the same "
            "system run as usual."
        ),
        what=(
            "A pool lets as many requests through at the same time as its limit says, and the rest "
            "wait. Now and then a request ends without giving its slot back: that slot has leaked."
        ),
        from_here=(
            "The pool's page shows how many connectors share its limit, and whether somebody "
            "lowered it lately. Three clears or more in a week point to a leak: the pool fills up "
            "again every time. Patchworks doesn't tell us how many requests run or wait."
        ),
        to_do=(
            "If somebody lowered the limit, ask why, then revert it in the pool's history. For a "
            "jam, wait, or raise the limit as far as the account's allowance goes. Clear the pool "
            "only if nobody needs the pending requests of any of its connectors any more: they are "
            "dropped for good. For a leak, clearing helps for a while. Give Patchworks the "
            "pool's id and the times in its history."
        ),
        at_patchworks=(
            "Flow runs that use this pool: they have started, and stay at the step that calls the "
            "system."
        ),
    ),
    Cause(
        anchor="rate-limit",
        title="The instance's rate limit",
        noticed="Orders still move, only slowly, and nobody has lowered the pool's limit.",
        what=(
            "An instance makes only so many calls a minute, hour or day. That number is set on the "
            "instance and has nothing to do with the pool's limit."
        ),
        from_here="Nothing shows it: Patchworks doesn't tell us rate limits.",
        to_do=(
            "Leave the pool alone. A higher limit sends more requests into the same rate limit, "
            "and a clear drops orders that were only slow. Wait, or change the rate limit."
        ),
        at_patchworks="The instance's settings, under its rate limit.",
    ),
    Cause(
        anchor="run-queue",
        title="The run queue",
        noticed="Everything waits, whichever system it goes to.",
        what=(
            "A subscription runs only so many flows at the same time. The rest wait in a queue, in "
            "order of priority."
        ),
        from_here=(
            "Several pools of different systems are reported at once, and the company's changes "
            "don't show that somebody lowered all their limits."
        ),
        to_do=(
            "Leave the pools alone: these flows haven't reached one yet. Wait, stop flows that "
            "nobody needs, or give the urgent ones a higher priority."
        ),
        at_patchworks="The run queue: flow runs that haven't started.",
    ),
    Cause(
        anchor="allowance",
        title="Another integration uses up the account",
        noticed="Runs fail with “too many requests”, or SSS_REQUEST_LIMIT_EXCEEDED from NetSuite.",
        what=(
            "The other system counts the requests of the whole account, from every integration. "
            "NetSuite adds web services and RESTlets together, and refuses what comes above the "
            "account's allowance."
        ),
        from_here=(
            "The pool's page adds up the limits of all pools for that system and compares "
            "them with the allowance: “NetSuite: 12 of 15 given to 3 pools”. A manager keeps the "
            "allowance under Allowances, above the list of pools. We can't see integrations "
            "outside Patchworks."
        ),
        to_do=(
            "Don't raise the limit: that makes it worse. Lower another pool of the same system "
            "first, or find out what else uses the account. Leave at least one request of the "
            "allowance unused."
        ),
        at_patchworks=(
            "The logs of failed runs, for the other system's own message. In NetSuite, look at "
            "Integration Governance."
        ),
    ),
    Cause(
        anchor="credentials",
        title="The instance's credentials",
        noticed="Every request has failed since a certain moment.",
        what="The key or password that the instance signs in with has expired or was revoked.",
        from_here=(
            "Nothing shows it. Your own token for this panel is a separate one: that it works "
            "says nothing about the instance."
        ),
        to_do="Leave the pool alone, and renew the credentials. Then run the failed flows again.",
        at_patchworks="The instance's credentials, and runs that failed with a 401 or login error.",
    ),
)
