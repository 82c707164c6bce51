"""The words of the panel, one meaning each: for the page *Help*, and for docs/glossary.md.

A test compares the two. Words that only the documents use are in the document alone.
"""

from dataclasses import dataclass
from typing import Final

from django.utils.text import slugify


@dataclass(frozen=True, slots=True)
class Word:
    """Something's names, as they stand in the glossary, and what it is."""

    names: str
    meaning: str

    @property
    def anchor(self) -> str:
        """The place of its first name on the page, for links: /help/#origin."""
        return slugify(self.names.partition(",")[0])


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one subject."""

    title: str
    words: tuple[Word, ...]

    @property
    def anchor(self) -> str:
        return slugify(self.title)


GLOSSARY: Final = (
    Words(
        "Screens",
        (
            Word(
                "Home",
                "What needs attention, your companies with the state of your token, the pools you "
                "visited last and your latest changes.",
            ),
            Word(
                "Find",
                "Pools of all your companies by what a ticket says: words of their name, system, "
                "connector or id. It is on every page, and asks Patchworks nothing.",
            ),
            Word(
                "Pools",
                "The pools of a company as Patchworks has them now: search, sort, and see who "
                "changed each one last. Edit and Clear are at each name.",
            ),
            Word(
                "Choosing pools",
                "Tick pools on the list, over as many pages as you like, or take all that match; "
                "then set their limit or timeout, clear or delete them. You see each pool with "
                "what will happen to it before anything is sent.",
            ),
            Word(
                "Export",
                "All pools that match, from all pages, as CSV or JSON. The last line says whether "
                "the file is complete.",
            ),
            Word(
                "Apply a file",
                "An export that you edited, or a file of your own, becomes a list of changes. You "
                "see each of them before anything is sent.",
            ),
            Word(
                "A pool",
                "Its values, the connectors that share it, and its history. From here you edit, "
                "clear or delete it, and revert what was done.",
            ),
            Word(
                "Forms",
                "Nothing is sent before you say so, and a second submit does nothing twice. "
                "What you typed stays, whatever happens.",
            ),
            Word(
                "Stuck orders",
                "Five reasons why orders get stuck, how to tell them apart, and which of them "
                "clearing a pool helps with.",
            ),
            Word(
                "Changes",
                "Who changed what, when, why, and how it ended; filter it, and export what you "
                "filtered. Auditors also see the events, and verify the ledger.",
            ),
            Word(
                "One change",
                "Everything about it: before and after, its outcome, its reason, its request id. "
                "Copy it as text for the ticket.",
            ),
            Word(
                "Allowances",
                "How many requests at a time the accounts of a company take. Managers keep them, "
                "and limits are compared with them.",
            ),
            Word(
                "Tokens",
                "Your own tokens, one for each company: add, verify, replace or remove them.",
            ),
            Word(
                "Account",
                "Your password, your second factors, where you are signed in, and your time zone.",
            ),
            Word(
                "People",
                "Administrators invite people, give them roles, and disable those who leave.",
            ),
            Word(
                "Companies",
                "Administrators set companies up, try their addresses before saving, and archive "
                "those that nobody works in any longer.",
            ),
        ),
    ),
    Words(
        "At Patchworks",
        (
            Word(
                "company",
                "A customer at Patchworks, with its own pools and tokens. Here it also has a "
                "name, a colour and the address of its Core API.",
            ),
            Word(
                "pool, connection pool",
                "Limits how many requests go to a third-party system at the same time.",
            ),
            Word(
                "limit",
                "How many requests a pool lets through at the same time. The others wait.",
            ),
            Word(
                "timeout",
                "How many seconds a pool gives a request. Without one, there is no time limit. "
                "Patchworks doesn't publish the unit: seconds is what its framework counts in.",
            ),
            Word(
                "pending requests",
                "The requests waiting in a pool. Patchworks doesn't say how many there are.",
            ),
            Word("clear", "Drops a pool's pending requests. You can't undo it."),
            Word(
                "connector",
                "Sends requests through a pool. Patchworks' own dashboard calls it an “instance”.",
            ),
            Word(
                "system",
                "The third-party service that a connector talks to, such as Shopify or NetSuite.",
            ),
            Word(
                "allowance",
                "How many requests at a time a company's account at a system takes, from all "
                "integrations together. Managers keep it here. The panel says when limits go "
                "above it, and doesn't forbid it.",
            ),
            Word(
                "token",
                "Shows Patchworks who is asking. An API key never expires; a bearer token comes "
                "from signing in and lasts for hours. Everyone adds their own for each company.",
            ),
        ),
    ),
    Words(
        "Changing a pool",
        (
            Word(
                "role",
                "What a person may do here: Read-only, Operator, Manager, Auditor or "
                "Administrator. Patchworks decides for each token as well.",
            ),
            Word("action", "What can be done to a pool: create, edit, clear or delete."),
            Word(
                "change",
                "One action on one pool by one person, with its reason and everything that came "
                "of it.",
            ),
            Word(
                "list",
                "What is to be done with many pools, fixed and shown before any of it is sent. "
                "Each pool on it is a change of its own.",
            ),
            Word("reason", "What the person wrote about why. A company can require it."),
            Word(
                "note",
                "A text that is pinned to a pool or a company, for everybody to read before they "
                "change something.",
            ),
            Word(
                "conflict",
                "Something that a change depends on is no longer as the person saw it. We send "
                "nothing and show what differs. An edit depends on the fields that it changes, a "
                "clear on the pool being there under its name, a delete on its values and "
                "connectors, and each on its id not having been given to another pool.",
            ),
            Word("revert", "A new change that puts back what an edit changed."),
            Word(
                "draft",
                "What was typed into a form, kept while its person replaces a token or signs in "
                "again.",
            ),
            Word(
                "drift, changed outside the panel",
                "A pool differs from its last recorded values, so somebody changed it without "
                "this panel. We know between which times, and not who. Beside a change made here, "
                "Patchworks itself may have changed it with that one.",
            ),
        ),
    ),
    Words(
        "How a change ends",
        (
            Word(
                "outcome",
                "How the one call to Patchworks ended: done, refused, not sent or unknown.",
            ),
            Word("done", "Patchworks answered in full and confirmed what was asked."),
            Word("refused", "Patchworks answered in full and said no. Nothing was changed."),
            Word("not sent", "It provably never reached Patchworks. Nothing was changed."),
            Word("unknown", "Anything else: it was sent, and it may or may not have happened."),
            Word(
                "reading back",
                "After a change is done, we read the pool. “Not checked”: we couldn't read it. "
                "“Not seen”: the pool didn't show the change.",
            ),
            Word(
                "settling",
                "Checking what became of an unknown change. We wait for a quiet time, then "
                "read the pool twice (of a new one, the list of pools). We never send the change "
                "again.",
            ),
            Word(
                "quiet time",
                "How long we wait before checking an unknown change, so that Patchworks has "
                "surely finished with it.",
            ),
            Word(
                "verdict",
                "What settling found: “applied” (it happened), “not applied” (it didn't happen), "
                "“superseded” (other values found), “duplicate” (it happened twice) or "
                "“unknowable” (can't be told).",
            ),
            Word(
                "lease, waiting for the result of a change",
                "Keeps a pool for one change until its outcome is known. Until then nobody can "
                "change that pool. Of a new pool it keeps the name: nobody can create another "
                "with it.",
            ),
            Word(
                "release, unlock",
                "Ends a lease without a verdict: somebody looks in Patchworks, and says what they "
                "found.",
            ),
        ),
    ),
    Words(
        "On the record",
        (
            Word(
                "ledger, record, history",
                "Everything that happens here, entry by entry. Entries are only ever added, and "
                "none can be altered unnoticed.",
            ),
            Word("entry", "One numbered row of the ledger."),
            Word(
                "event",
                "An entry about the panel itself and not about a pool: a sign-in, a token, a "
                "role, an export.",
            ),
            Word(
                "intent",
                "The entry that says what is about to be sent. It is written before anything is "
                "sent.",
            ),
            Word(
                "digest, seal",
                "A code over an entry and the digest before it, made with a secret key. It no "
                "longer fits if either was altered.",
            ),
            Word("head", "The newest entry of the ledger, with its number, digest and time."),
            Word(
                "checkpoint",
                "The head at some moment, kept outside the database. It shows if the end of the "
                "ledger was cut off later.",
            ),
            Word(
                "signed checkpoint",
                "How many entries there were, and the root of the tree over them, signed by the "
                "panel. Kept elsewhere, it shows whether any of them was altered later, whoever "
                "did it and whatever keys they had.",
            ),
            Word(
                "witness",
                "Somebody else who signs a checkpoint as well, after making sure that the ledger "
                "has only grown since the last one they saw.",
            ),
            Word(
                "proof",
                "Walking the ledger with manage.py verify_audit: each entry fits the one before, "
                "and each change is complete.",
            ),
            Word(
                "evidence",
                "A zip file of entries with proofs: that they are as they were recorded, checked "
                "with Python and the panel's public key alone. It is a selection, and says so.",
            ),
            Word(
                "origin",
                "A number for the Core API behind a company. A new address begins a new number, "
                "because pool 260 there is another pool. So does a restore after which ids begin "
                "again.",
            ),
        ),
    ),
)
