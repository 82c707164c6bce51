"""What people read of evidence: what a bundle is of, why there is none, and its README."""

from collections.abc import Mapping, Sequence
from typing import Final

from django.db import DatabaseError

from pools.changes import HistoryItem
from pools.evidence.bundle import Altered, NotReady
from pools.evidence.cosigned import NoWitness
from pools.evidence.older import BadOlder, Contradicts, NotOurs, OtherName
from pools.evidence.selecting import MOST_LINES, NothingThere, TooMany
from pools.wording.changes import heading_of
from pools.wording.database import because
from pools.wording.numbers import counted

HINT: Final = (
    "Optional. Paste one that you kept, from an earlier file or the log: then this one also "
    "proves that the history has only grown since."
)
_OLDER: Final = {
    BadOlder: "This isn't a checkpoint. A checkpoint has a name, a number, a line of letters "
    "and digits, an empty line, and lines that begin with —.",
    NotOurs: "This checkpoint was not signed by this panel.",
    OtherName: "The name in this checkpoint's first line isn't the one that this panel signs under "
    "now. manage.py verify_audit --checkpoint compares it.",
    NoWitness: "No witness named in WITNESS_KEYS has signed this checkpoint.",
    Contradicts: "The history is no longer what this checkpoint says: it has been altered since. "
    "Keep the checkpoint, and tell an administrator to run manage.py verify_audit.",
}
_NO_KEY: Final = (
    "Evidence needs a signing key, and this panel has none. An administrator can set SIGNING_KEYS."
)
_README: Final = """\
{title}
{underline}

{about}

It is a selection: it proves that these entries are as they were recorded. It
doesn't prove that nothing else happened.

Read it: open index.html in a browser.

Check it: you need Python 3.11, this zip file, and the panel's public key. Get
the key from the panel itself, or from whoever keeps it for you, and not from
this file. The panel shows it here:

    {keys}

Then:

    python3 verify_ledger.py bundle FILE.zip --key KEY

Use a verify_ledger.py of your own: keep one, or take it from the panel's
documentation. Whoever altered this zip file may have altered the copy in it,
and this text, as well; a copy of your own finds both. It has 300 lines and can
be read in one sitting. It ends with 0 if everything fits, with 1 if anything
doesn't, with 2 if nothing was checked, and with 3 if you gave no key.

If you kept a checkpoint, add --older CHECKPOINT: that shows whether history
was altered since, even by somebody who has the signing key. Keep
checkpoint.txt for the next time.

What is in it:

  rows.txt          the entries, one a line, exactly as they are hashed; the
                    last one records the making of this file, with the
                    hashes of index.html, keys.txt, README.txt and
                    verify_ledger.py
  proofs.json       for each entry the hashes that lead to the checkpoint
  checkpoint.txt    how many entries there were, and their root, signed
  keys.txt          the public keys of the panel, for comparison
  filter.json       what was asked for, as the last entry has it too
  older.txt, growth.txt
                    an older checkpoint, and the proof that history only grew
                    since (where one was given, or a witness has signed one)
  index.html        the same for people
"""


def described(
    filtered: Sequence[str], companies: Sequence[str] | None, *, events: bool = False
) -> str:
    """For instance: Changes of Acme, only “ZD-4711”. companies: their names; None: all."""
    what = "Events" if events else "Changes"
    where = "all companies" if companies is None else ", ".join(companies)
    return f"{what} of {where}{', only ' if filtered else ''}{', '.join(filtered)}"


def described_change(item: HistoryItem, company: str) -> str:
    """For instance: Edit of pool “Orders” (7) in Acme. It goes into files: no marks are in it."""
    number = "" if item.pool_id is None else f" ({item.pool_id})"
    return f"{heading_of(item)} “{item.pool_name}”{number} in {company}"


def described_batch(operation: str, pools: int, company: str) -> str:
    """For instance: The list “Set limit to 9” of 12 pools in Acme."""
    return f"The list “{operation}” of {counted(pools, 'pool')} in {company}"


def how_many(lines: int, *, events: bool = False) -> str:
    """For instance: 12 changes."""
    return counted(lines, "event" if events else "change")


def proves(entries: int, lines: str, ledger: int) -> str:
    """How much of the ledger a bundle holds."""
    return (
        f"{entries:,} {'entry' if entries == 1 else 'entries'} about {lines}, of the {ledger:,} "
        "that the ledger had: a selection."
    )


def about_older(error: BadOlder) -> str:
    """Why a checkpoint that was pasted proves nothing."""
    return _OLDER[type(error)]


def no_evidence(error: Exception, *, events: bool = False) -> str:
    """Why there is no bundle, as a sentence or two."""
    what = "events" if events else "changes"
    if isinstance(error, TooMany):
        return (
            f"There are more than {MOST_LINES:,} {what}. Narrow the filter, or ask an "
            "administrator for manage.py export_ledger."
        )
    if isinstance(error, NothingThere):
        return f"No {what} match this filter."
    if isinstance(error, Altered):
        return (
            f"Entry {error.number:,} isn't as it was recorded, so there is no proof of it. "
            "Tell an administrator to run manage.py verify_audit."
        )
    if isinstance(error, NotReady):
        return (
            "The proofs for the older history are still being prepared: manage.py tend does it. "
            "Try again in a few minutes."
        )
    if isinstance(error, DatabaseError):
        return (
            f"{because(error)}No evidence was made: making it is recorded, and we can't write to "
            "the history right now. Try again in a few minutes."
        )
    return f"No evidence was made: no checkpoint can be signed. {error}"


def without_key() -> str:
    """Why nobody can be given evidence here."""
    return _NO_KEY


def readme(panel: str, about: Mapping[str, str], keys: str) -> str:
    """What is in a bundle, and how it is checked. `about` are facts by their names."""
    title = f"Evidence from {panel}"
    return _README.format(
        title=title,
        underline="=" * len(title),
        about="\n".join(f"{name}: {text}" for name, text in about.items()),
        keys=keys,
    )
