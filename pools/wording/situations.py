"""What a person was doing when something did not go well, and what they then read of it."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from django.urls import reverse
from django.utils.http import urlencode

from pools.changes.reverting import Undo
from pools.models import Company
from pools.models.vocabulary import Action
from pools.wording.names import isolated
from pools.wording.versions import Versions


class Activity(Enum):
    """What a person was doing, if not making a change: of that its action tells."""

    READING_LIST = "reading the list of pools"
    READING_POOL = "reading a pool"
    ADDING_TOKEN = "adding a token"  # noqa: S105  (an activity, not a token)
    SIGNING_IN = "signing in to Patchworks"
    TRYING_TOKEN = "trying the token that a sign-in gave"  # noqa: S105
    UNLOCKING = "unlocking a pool"


_OF_TOKEN: Final = frozenset({Activity.ADDING_TOKEN, Activity.SIGNING_IN, Activity.TRYING_TOKEN})


@dataclass(frozen=True, slots=True)
class Situation:
    """Where a person is, and what they were doing: a problem means something else to each.

    `here` is the address to come back to. `undo` is the change that they were reverting.
    `called`: the change itself was asked of Patchworks, not only what it needs.
    `unopened`: its form could not be shown; `kept`: entries wait for it all the same.
    """

    company: Company
    here: str
    doing: Activity | Action
    undo: Undo | None = None
    called: bool = False
    unopened: bool = False
    kept: bool = False

    @property
    def changing(self) -> bool:
        return isinstance(self.doing, Action) or self.doing is Activity.UNLOCKING

    @property
    def filling_in(self) -> bool:
        """Whether there is a form whose entries are still here."""
        reading = self.doing in {Activity.READING_LIST, Activity.READING_POOL}
        return not (reading or self.unopened)

    @property
    def of_token(self) -> bool:
        """Whether a token is being added: its form comes back without what is secret."""
        return self.doing in _OF_TOKEN

    @property
    def list_href(self) -> str:
        return pool_page(self.company)

    def page_of(self, pool_id: int | None) -> str:
        return pool_page(self.company, pool_id)

    def token_href(self, name: str) -> str:
        return token_href(self.company, name, self.here)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that went wrong, as a person reads it. `kind` is danger, warning or info.

    `core_text` is quoted as Patchworks wrote it, `detail` says more of the cause.
    `mends_token`: the way on is to the token and back, while a form waits.
    `wait_seconds`: how long Patchworks asked to wait, which the page counts down.
    `versions`: what the pool was, is and will be, for the person who has to decide.
    """

    title: str
    meaning: str
    next_text: str
    next_href: str = ""
    next_label: str = ""
    kind: str
    status: int
    core_text: str = ""
    detail: str = ""
    mends_token: bool = False
    wait_seconds: int | None = None
    versions: Versions | None = None


def in_one_line(problem: Problem) -> str:
    """What happened and why, with Patchworks' own words, where there is no room for all of it."""
    said = f"Patchworks said: {isolated(problem.core_text)}" if problem.core_text else ""
    parts = filter(None, [problem.title, problem.meaning, said, problem.detail])
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)


def token_href(company: Company, name: str, back: str) -> str:
    """The page that mends a company's token, and then goes on to `back`."""
    if name == "token_add":
        return f"{reverse('pools:token_add')}?{urlencode({'company': company.slug, 'next': back})}"
    return f"{reverse(f'pools:{name}', args=[company.slug])}?{urlencode({'next': back})}"


def pool_page(company: Company, pool_id: int | None = None) -> str:
    """The page of a pool; or, without one, the list of the company's pools."""
    if pool_id is None:
        return reverse("pools:pool_list", args=[company.slug])
    return reverse("pools:pool_detail", args=[company.slug, pool_id])
