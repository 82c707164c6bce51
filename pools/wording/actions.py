"""What can be done to a pool, in words: one record for each action, with all of them.

The type checker asks for every word of a new action, here and nowhere else.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from pools.models.vocabulary import Action
from pools.wording import keys

_LOOK_AT_POOL: Final = "In about a minute, Check again on the pool's page shows what happened."
_OTHER_VALUES: Final = (
    "the pool had neither the values from before nor the new ones. Either Patchworks kept "
    "other values than we sent, or someone else changed it too."
)
_NOTHING_TO_SEE: Final = "a clear leaves nothing to see"


def _change_pools(pools: int) -> str:
    return "change this pool" if pools == 1 else "change these pools"


def _create_namesakes(names: int) -> str:
    return f"create another pool with {'this name' if names == 1 else 'these names'}"


@dataclass(frozen=True, slots=True)
class Named:
    """What a sentence is about: a pool's name, its company's, and the values that changed."""

    pool: str
    company: str
    what: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionWords:
    """The words of one action.

    `word` is its name in lists, filters and the chart, `past` the same once it happened.
    `button` offers it, with an icon and a single key (of `keys`; "": none) where there is a
    keyboard, and as something to be careful with where it is `risky`.
    `title` goes before a pool's name; `noun` and `nouns` stand in sentences. `done` and
    `reverted` (the same change when it puts another one back) are whole sentences, `whether`
    follows "We can't tell", and `look` says where to look later.
    `confirmed` and `unseen` say what it means that Patchworks confirmed it, and that the pool
    didn't show it then; `shown` and `not_shown` what reading the pool found, and
    `other_values` what checking later found that is neither. `nothing_to_check` says what
    *Check again* does where a pool never shows it; empty where it does. `reads` is what is read
    to check it. `kept_from` follows "nobody can" while it isn't known whether it happened: of a
    new pool, its name is locked. `unlocked` is what can be done once that is unlocked by hand,
    and `once_happened` a whole sentence for when checking found that it happened.
    `refused` (without its full stop) and `nothing` tell of a refusal by Patchworks and of what
    that means, `once_more` what to do where the pool was changed since the form was opened.
    `no_revert`: why it can't be reverted as such; empty where it can. `instead` is what to do
    then, and where it can't be reverted for another reason; `look_first` the same where
    nobody knows whether it happened.
    `lost`: what is gone for good once it happened; empty where the button `revert` puts it
    back. `reverts` begins the line of the change that did, `was_reverted` its own line then,
    and `as_revert` marks it where it puts another one back.
    """

    word: str
    past: str
    button: str
    icon: str
    key: str
    risky: bool
    title: str
    noun: str
    nouns: str
    done: Callable[[Named], str]
    reverted: Callable[[Named], str]
    whether: Callable[[Named], str]
    look: str
    confirmed: str
    unseen: str
    shown: str
    not_shown: str
    other_values: str
    nothing_to_check: str
    reads: str
    kept_from: Callable[[int], str]
    unlocked: str
    once_happened: str
    refused: str
    nothing: str
    once_more: str
    no_revert: str
    instead: str
    look_first: str
    lost: str
    revert: str
    reverts: str
    was_reverted: str
    as_revert: str


_CREATE: Final = ActionWords(
    word="create",
    past="created",
    button="New pool",
    icon="plus",
    key=keys.NEW,
    risky=False,
    title="New pool",
    noun="creation",
    nouns="creations",
    done=lambda n: f"Created {n.pool} in {n.company}.",
    reverted=lambda n: f"Created {n.pool} again in {n.company}, with a new id.",
    whether=lambda n: f"whether {n.pool} was created in {n.company}",
    look="In about a minute, Check again above the list of pools shows what happened.",
    confirmed="Patchworks confirmed it, and the pool showed it afterwards.",
    unseen="Patchworks confirmed it, but the pool didn't show it afterwards.",
    shown="the pool shows it",
    not_shown="the pool doesn't show it",
    other_values=(
        "there was a new pool that may be it, but not with this name and all the values. Either "
        "Patchworks kept other values than we sent, or someone else created or changed it."
    ),
    nothing_to_check="",
    reads="the list of pools",
    kept_from=_create_namesakes,
    unlocked="a pool with this name can be created again",
    once_happened="Find it in the list of pools.",
    refused="Patchworks refused this new pool",
    nothing="No pool was created.",
    once_more="Compare below, then send it again if you still want to.",
    no_revert="To undo a new pool, delete it.",
    instead="Delete the pool instead.",
    look_first="Look for it in the list, and delete it if you need to.",
    lost="",
    revert="Revert",
    reverts="Reverts the",
    was_reverted="Reverted",
    as_revert="again",
)
_EDIT: Final = ActionWords(
    word="edit",
    past="edited",
    button="Edit",
    icon="pencil",
    key=keys.EDIT,
    risky=False,
    title="Edit of pool",
    noun="edit",
    nouns="edits",
    done=lambda n: f"Saved {n.pool} in {n.company}: {n.what}.",
    reverted=lambda n: f"Reverted the edit of {n.pool} in {n.company}: {n.what}.",
    whether=lambda n: f"whether the edit of {n.pool} in {n.company} was saved",
    look=_LOOK_AT_POOL,
    confirmed="Patchworks confirmed it, and the pool showed it afterwards.",
    unseen="Patchworks confirmed it, but the pool didn't show it afterwards.",
    shown="the pool shows it",
    not_shown="the pool doesn't show it",
    other_values=_OTHER_VALUES,
    nothing_to_check="",
    reads="the pool",
    kept_from=_change_pools,
    unlocked="the pool can be changed again",
    once_happened="You can change the pool again.",
    refused="Patchworks refused this edit",
    nothing="Nothing was changed.",
    once_more="What was changed is at its field below. Save again to send what you typed.",
    no_revert="",
    instead="Edit the pool instead.",
    look_first="The pool may still be as it was. Look at it, and edit it if you need to.",
    lost="",
    revert="Revert",
    reverts="Reverts the",
    was_reverted="Reverted",
    as_revert="revert",
)
_CLEAR: Final = ActionWords(
    word="clear",
    past="cleared",
    button="Clear pool",
    icon="clear",
    key=keys.CLEAR,
    risky=False,
    title="Clear of pool",
    noun="clear",
    nouns="clears",
    done=lambda n: f"Cleared the pending requests of {n.pool} in {n.company}.",
    reverted=lambda n: f"Cleared the pending requests of {n.pool} in {n.company}.",
    whether=lambda n: f"whether {n.pool} in {n.company} was cleared",
    look="A clear leaves nothing to look up. "
    "In about a minute, Check again on the pool's page lets you change the pool again.",
    confirmed="Patchworks confirmed it. What was dropped can't be read back.",
    unseen="Patchworks confirmed it, but the pool didn't show it afterwards.",
    shown=_NOTHING_TO_SEE,
    not_shown=_NOTHING_TO_SEE,
    other_values=_OTHER_VALUES,
    nothing_to_check="A clear leaves nothing to check: Check again only unlocks the pool.",
    reads="the pool",
    kept_from=_change_pools,
    unlocked="the pool can be changed again",
    once_happened="You can change the pool again.",
    refused="Patchworks refused to clear this pool",
    nothing="Nothing was cleared.",
    once_more="Compare below, then clear it again if you still want to.",
    no_revert=(
        "The requests that were dropped are gone: neither Patchworks nor the panel kept them."
    ),
    instead="Ask whoever sent them to send them again.",
    look_first="Ask whoever sent the requests whether they still need them.",
    lost="the dropped requests are gone",
    revert="Revert",
    reverts="Reverts the",
    was_reverted="Reverted",
    as_revert="revert",
)
_DELETE: Final = ActionWords(
    word="delete",
    past="deleted",
    button="Delete pool",
    icon="trash",
    key="",
    risky=True,
    title="Deletion of pool",
    noun="deletion",
    nouns="deletions",
    done=lambda n: f"Deleted {n.pool} from {n.company}.",
    reverted=lambda n: f"Deleted {n.pool} from {n.company}.",
    whether=lambda n: f"whether {n.pool} was deleted from {n.company}",
    look=_LOOK_AT_POOL,
    confirmed="Patchworks confirmed it, and the pool was gone afterwards.",
    unseen="Patchworks confirmed it, but the pool was still there afterwards.",
    shown="the pool is gone",
    not_shown="the pool is still there",
    other_values=_OTHER_VALUES,
    nothing_to_check="",
    reads="the pool",
    kept_from=_change_pools,
    unlocked="the pool can be changed again",
    once_happened="The pool is gone.",
    refused="Patchworks refused to delete this pool",
    nothing="Nothing was deleted.",
    once_more="Compare below, then delete it again if you still want to.",
    no_revert="",
    instead="If it is still needed, create a new pool.",
    look_first=(
        "The pool may still be there. Look for it in the list, and create a new one if you need to."
    ),
    lost="",
    revert="Create again with these values",
    reverts="Creates it again after the",
    was_reverted="Created again",
    as_revert="revert",
)
# Seen, not made: nothing is ever sent, refused or reverted.
_OUTSIDE: Final = ActionWords(
    word="outside",
    past="changed",
    button="",
    icon="",
    key="",
    risky=False,
    title="Change outside the panel of pool",
    noun="change outside the panel",
    nouns="changes outside the panel",
    done=lambda _: "",
    reverted=lambda _: "",
    whether=lambda _: "",
    look="",
    confirmed="",
    unseen="",
    shown="",
    not_shown="",
    other_values="",
    nothing_to_check="",
    reads="the pool",
    kept_from=_change_pools,
    unlocked="the pool can be changed again",
    once_happened="You can change the pool again.",
    refused="",
    nothing="",
    once_more="",
    no_revert="It was not made in this panel.",
    instead="Edit the pool instead.",
    look_first="Look at the pool, and edit it if you need to.",
    lost="",
    revert="",
    reverts="",
    was_reverted="",
    as_revert="",
)
# An entry that cannot be read says no action.
_UNREADABLE: Final = replace(
    _OUTSIDE,
    word="unreadable",
    past="changed",
    title="Change of pool",
    noun="change",
    nouns="changes that can't be read",
    no_revert="What it was can't be read.",
)


def words_for(action: Action) -> ActionWords:
    """All words of an action."""
    match action:
        case Action.CREATE:
            return _CREATE
        case Action.EDIT:
            return _EDIT
        case Action.CLEAR:
            return _CLEAR
        case Action.DELETE:
            return _DELETE
        case Action.OUTSIDE:
            return _OUTSIDE
        case Action.UNREADABLE:
            return _UNREADABLE
