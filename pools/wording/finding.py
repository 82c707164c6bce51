"""What Find says, and the panel's own pages by the words that people look for them with."""

from dataclasses import dataclass
from typing import Final

from pools.people.roles import MANAGE_PEOPLE, SET_UP_COMPANIES
from pools.wording.numbers import counted


@dataclass(frozen=True, slots=True)
class PanelPage:
    """A page of the panel: its name, other words for it, its view, and who may open it.

    `right` is what a person's role has to include; empty: everybody.
    """

    title: str
    besides: str
    view: str
    right: str = ""


PAGES: Final = (
    PanelPage("Home", "start companies", "pools:home"),
    PanelPage("Changes", "history record log audit who when", "pools:change_list"),
    PanelPage("Tokens", "key credential bearer api sign in Patchworks", "pools:token_list"),
    PanelPage("Account", "password passkey second factor sessions profile", "pools:account"),
    PanelPage("Help", "words glossary meaning keys", "pools:help"),
    PanelPage(
        "Stuck orders",
        "help causes jam leak slow waiting rate limit run queue allowance credentials 401",
        "pools:stuck",
    ),
    PanelPage("People", "users roles invite invitations", "pools:people", MANAGE_PEOPLE),
    PanelPage("Companies", "set up address colour", "pools:company_setup", SET_UP_COMPANIES),
)


def announced(pools: int, more: bool, companies: int, pages: int) -> str:
    """What was found, as it is said to whoever does not see it."""
    many = f"more than {counted(pools, 'pool')}" if more else counted(pools, "pool")
    parts = [many] if pools else []
    if companies:
        parts.append("1 company" if companies == 1 else f"{companies} companies")
    if pages:
        parts.append(counted(pages, "page"))
    return f"{', '.join(parts)} found" if parts else "Nothing found"
