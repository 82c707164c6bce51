"""Managing people in words: what an act means, why it is refused, and joining by a link."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from pools.ledger.appending import LedgerUnwritable
from pools.people.acts import NotAllowed, Refusal
from pools.people.user_names import Bearer, NameHolder, NameTaken
from pools.wording.database import because
from pools.wording.names import isolated
from pools.wording.numbers import counted

_REFUSALS: Final[dict[Refusal, str]] = {
    Refusal.OWN_ADMINISTRATION: "You can't remove your own Administrator role. Ask a colleague.",
    Refusal.OWN_DISABLING: "You can't disable yourself. Ask a colleague.",
    Refusal.SUPERUSER: "Only a superuser can do this to a superuser.",
    Refusal.LAST_ADMINISTRATOR: "This would leave nobody who can manage people.",
    Refusal.STILL_ENABLED: "Disable them first: only a disabled person can be deleted.",
    Refusal.NO_PASSWORD: "This person has no password here, or is disabled.",
}
_TAKEN: Final[dict[NameHolder, str]] = {
    NameHolder.PERSON: "Somebody already has this user name. Choose another.",
    NameHolder.INVITATION: (
        "This user name has an open invitation. Withdraw that first, or choose another name."
    ),
    NameHolder.HISTORY: (
        "The history shows somebody else under this user name, so nobody new can have it. "
        "Choose another."
    ),
    NameHolder.NOBODY: "This user name has characters that nobody can see. Choose another.",
}
_TAKEN_SINCE: Final[dict[NameHolder, str]] = {
    NameHolder.PERSON: (
        "Somebody has taken this user name since you were invited. Ask for another one."
    ),
    NameHolder.HISTORY: (
        "The history shows somebody else under this user name, so you can't have it. "
        "Ask for another one."
    ),
    NameHolder.NOBODY: "This user name has characters that nobody can see. Ask for another one.",
}
LETTERS: Final = "Use letters, digits and @ . + - _ only."
SHARED_NAME: Final = (
    "More than one person is recorded under this name: check the times to tell them apart."
)
UNRECORDED: Final = (
    "Nothing was changed: we can't write to the history right now. Try again in a few minutes."
)
_LATER: Final = "We can't write to the history right now, so nothing was changed. Try again later."
OWN_ADMINISTRATION: Final = _REFUSALS[Refusal.OWN_ADMINISTRATION]

INVITATION_SPENT: Final = (
    "This code doesn't work: it was used or withdrawn, or it is too old. "
    "Ask for another invitation."
)
RESET_CODE_SPENT: Final = (
    "This code doesn't work: it was used, or it is too old. Ask for another link."
)
SIGN_OUT_FIRST: Final = "You're signed in. Sign out first to use an invitation."
RESET_LINK_SENT: Final = (
    "If this name belongs to somebody with a password and an e-mail address here, "
    "we've sent them a link. It works for one hour."
)
RESET_DONE: Final = "Your password was changed. Sign in with the new one."
ONLY_THROUGH_PROVIDER: Final = "You sign in through your provider, so you have no password here."
ROLES_CHANGED: Final = "The roles were changed."
ROLES_UNCHANGED: Final = "Nothing to change: these are the roles already."


@dataclass(frozen=True, slots=True)
class ActWords:
    """What is done to a person, said before it (`meaning` follows their name) and after."""

    title: str
    meaning: str
    button: str
    done: str


DISABLE: Final = ActWords(
    title="Disable",
    meaning="will be signed out at once, and can't sign in until somebody enables them.",
    button="Disable",
    done="was disabled.",
)
ENABLE: Final = ActWords(
    title="Enable",
    meaning="will be able to sign in again, with the same roles as before "
    "and the tokens that are still stored.",
    button="Enable",
    done="can sign in again.",
)
DELETE: Final = ActWords(
    title="Delete",
    meaning="and everything that names them here will be deleted: account, second factors, stored "
    "tokens, invitations. The history keeps their user name, so nobody else can ever have it. "
    "This can't be undone.",
    button="Delete permanently",
    done="was deleted. The history keeps what they did.",
)
SIGN_OUT: Final = ActWords(
    title="Sign out everywhere",
    meaning="will have to sign in again on every device.",
    button="Sign out everywhere",
    done="was signed out everywhere.",
)
FORGET_FACTORS: Final = ActWords(
    title="Remove second factors",
    meaning="will sign in with their password alone until they set up an app or a passkey again. "
    "Make sure the request really comes from them.",
    button="Remove second factors",
    done="no longer has a second factor.",
)


def disabling_with_tokens(days: int) -> ActWords:
    """The same of somebody who stored tokens, which are destroyed so many days later."""
    when = f"after {counted(days, 'day')} these" if days else "soon these"
    return replace(
        DISABLE,
        meaning=f"{DISABLE.meaning} Nobody can use their stored tokens, and {when} are destroyed.",
    )


def joining_refused(error: NameTaken | LedgerUnwritable) -> str:
    """Why somebody who was invited could not join, as a sentence for them."""
    if isinstance(error, NameTaken):
        return _TAKEN_SINCE[error.holder]
    return not_now(error)


def not_now(error: LedgerUnwritable) -> str:
    """Why nobody could join, or choose a new password, at the moment."""
    return because(error) + _LATER


def refused(error: NotAllowed | NameTaken | LedgerUnwritable) -> str:
    """Why an act on people was not done, as a sentence."""
    if isinstance(error, NotAllowed):
        return _REFUSALS[error.refusal]
    if isinstance(error, NameTaken):
        return _TAKEN[error.holder]
    return because(error) + UNRECORDED


def naming(who: str, bearer: Bearer) -> str:
    """What else somebody is called whose name a list is narrowed to; empty if nothing else."""
    sentences = []
    if bearer.now is not None and not bearer.is_now(who):
        sentences.append(f"{isolated(who)} is now called {isolated(bearer.now)}.")
    if others := [name for name in bearer.others if name != bearer.now]:
        sentences.append(also_recorded_as(others))
    return " ".join(sentences)


def also_recorded_as(names: Sequence[str]) -> str:
    """The earlier names of somebody; at least one."""
    return f"Also recorded as {' and '.join(map(isolated, names))}."


def sessions_ended(count: int) -> str:
    """After a person ended other sessions of theirs."""
    return f"Ended {counted(count, 'session')}."


def withdrawn(username: str) -> str:
    """After an invitation was withdrawn."""
    return f"The invitation for {username} was withdrawn."
