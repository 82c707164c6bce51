"""Fills the database of `make demo`: companies, people of every role, and their tokens."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from pools.changes import ProposedChange, Snapshot, make_change
from pools.core import ApiKey, PoolChanges, PoolQuery
from pools.guidance.allowances import set_allowance
from pools.guidance.notes import pin_note
from pools.ledger.appending import Actor
from pools.ledger.recorded_names import company_is_recorded
from pools.models import Company, Entry, Token
from pools.models.reference import PoolReference
from pools.models.vocabulary import Action, Kind
from pools.people.user_names import NameTaken, must_be_free
from pools.secret import Secret
from pools.tokens.keeping import (
    add_token,
    confirm_token,
    open_core,
    token_for,
)
from pools.tokens.state import TokenState, state_of
from pools.wording.numbers import counted

PASSWORD: Final = "pools-demo"  # noqa: S105  (known to everyone who reads the README)
SIGN_IN_PATH: Final = "/fabric/api/login"
COMPANIES: Final = {
    "acme": ("Acme", "teal"),
    "northwind": ("Northwind", "violet"),
    "blank": ("Blank", "orange"),
}
ROLES: Final = {
    "viewer": "Read-only",
    "operator": "Operator",
    "manager": "Manager",
    "auditor": "Auditor",
    "admin": "Administrator",
}
FULL_NAMES: Final = {
    "viewer": "Second-line support",
    "operator": "Support operator",
    "manager": "Integration manager",
    "auditor": "Compliance auditor",
    "admin": "Panel administrator",
}
# What was done before the visitor came: by whom, to which pool of Acme, and why.
HISTORY: Final = (
    ("operator", "NetSuite orders", None, "ZD-4702: orders were stuck since this morning"),
    ("operator", "NetSuite orders", PoolChanges(limit=3), "ZD-4702: they were stuck again"),
    (
        "manager",
        "Shopify orders",
        PoolChanges(timeout=120),
        "ZD-4711: exports ran out of time",
    ),
    ("manager", "NetSuite orders", PoolChanges(limit=5), "ZD-4718: the sale begins on Friday"),
)
# What the account at a system allows, and what is pinned to a pool of it.
ALLOWANCE: Final = ("NetSuite", 15)
NOTE: Final = (
    "NetSuite orders",
    "Tier 1: ask the integration team before you go above 8.",
)
# Who may only read here gets the key that may only read there.
READERS: Final = frozenset({"viewer", "auditor"})
# The others meet a company without a token, and the way to a first one.
AT_NORTHWIND: Final = frozenset({"manager", "admin"})
GONE: Final = "(deleted or renamed here, so not added again)"


class Command(BaseCommand):
    """Adds what is missing, changes nothing that is there, and prints who can sign in.

    A company whose sandbox has moved to another port is the exception: it gets the new
    address, and the demo's tokens, which are bound to the address, are added again.
    """

    help = "Fills the database of `make demo`. Refuses anything but companies on loopback."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--core", required=True, help="the sandbox's address")
        parser.add_argument(
            "--keys", required=True, type=Path, help="file that `sandbox keys --json` has written"
        )

    def handle(self, *, core: str, keys: Path, **options: Any) -> None:
        _refuse_beyond_the_demo(core)
        access: dict[str, dict[str, str]] = json.loads(keys.read_text())["keys"]
        by_name = {name: _person(name, role) for name, role in ROLES.items()}
        people = {name: user for name, user in by_name.items() if user is not None}
        for company in filter(None, (_company(slug, core) for slug in COMPANIES)):
            slug = company.slug
            for name, user in people.items():
                if slug != "northwind" or name in AT_NORTHWIND:
                    kind = "read_only" if name in READERS else "full"
                    _give_token(user, company, Secret(access[slug][kind]))
        if not Entry.objects.filter(kind=Kind.INTENT).exists():
            for who, *change in HISTORY:
                if who in people:
                    _change(people[who], *change)
            if "manager" in people:
                _give_guidance(people["manager"])
        for line in _who_and_where(people, access["northwind"]):
            self.stdout.write(line)


def _refuse_beyond_the_demo(core: str) -> None:
    """Well-known passwords must never reach a database with tokens of a real company."""
    if os.environ.get("PANEL_DEMO") != "1":
        raise CommandError(
            "This fills a database with well-known passwords: only with PANEL_DEMO=1."
        )
    companies = [(company.slug, company.base_url) for company in Company.objects.all()]
    for slug, address in [*companies, ("the sandbox", core)]:
        if not _on_loopback(address):
            raise CommandError(
                f"The address of {slug} is not on this machine: well-known passwords stay out."
            )


def _on_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _person(name: str, role: str) -> User | None:
    """None for somebody whom the visitor deleted, or gave another name: the history has them."""
    user = User.objects.filter(username=name).first()
    if user is None:
        try:
            must_be_free(name)
        except NameTaken:
            return None
        user = User(username=name, email=f"{name}@panel.example", **_names(FULL_NAMES[name]))
        user.set_unusable_password()
    if not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
        user.groups.set([Group.objects.get(name=role)])
    return user


def _names(full_name: str) -> dict[str, str]:
    first, _, last = full_name.partition(" ")
    return {"first_name": first, "last_name": last}


def _change(person: User, name: str, to: PoolChanges | None, why: str) -> None:
    """A real change at the sandbox, as it is made on the pages; `to` None: a clear."""
    company = Company.objects.get(slug="acme")
    token = token_for(person, company)
    if token is None:
        return
    core = open_core(token)
    pool = next((pool for pool in core.list_pools(PoolQuery(search=name)).pools), None)
    if pool is None:
        return
    make_change(
        core,
        ProposedChange(
            company=company,
            action=Action.CLEAR if to is None else Action.EDIT,
            pool_id=pool.id,
            seen=Snapshot.from_pool(pool),
            fields=None,
            changed=to,
            reason=why,
            form_id=uuid4(),
            actor=Actor(person.pk, person.get_username(), "127.0.0.1"),
            created_at=pool.created_at,
        ),
    )


def _give_guidance(manager: User) -> None:
    """What helps to decide on a limit: an allowance, and a note."""
    company = Company.objects.get(slug="acme")
    by = Actor(manager.pk, manager.get_username(), "127.0.0.1")
    set_allowance(company, *ALLOWANCE, by=by)
    name, text = NOTE
    changed = Entry.objects.filter(company="acme", pool_name=name).first()
    if changed is not None:
        pool_id = PoolReference.read(changed.pool_id).pool_id
        pin_note(company, pool_id, name, text, 0, by=by)


def _company(slug: str, core: str) -> Company | None:
    """None for one that the visitor deleted: the history has it."""
    name, colour = COMPANIES[slug]
    company = Company.objects.filter(slug=slug).first()
    if company is None and company_is_recorded(slug):
        return None
    company = company or Company(slug=slug, name=name, colour=colour)
    if company.base_url != core:
        company.base_url, company.sign_in_url = core, f"{core}{SIGN_IN_PATH}"
        company.full_clean()
        company.save()
    return company


def _give_token(user: User, company: Company, key: Secret) -> None:
    """Unless the person once had one: what they did with it since is theirs to do."""
    token = token_for(user, company)
    if token is None and _had_one(user, company):
        return
    if token is not None and state_of(token, timezone.now()) != TokenState.UNREADABLE:
        return
    owner = Actor(user.pk, user.get_username())
    added, _ = add_token(user, company, ApiKey(key), "Demo key", by=owner)
    confirm_token(added, by=owner)


def _had_one(user: User, company: Company) -> bool:
    return Entry.objects.filter(
        action="token_confirmed", actor_id=str(user.pk), company=company.slug
    ).exists()


def _who_and_where(people: Mapping[str, User], northwind: Mapping[str, str]) -> Iterator[str]:
    yield f"  Sign in as   with the role    (everyone's password: {PASSWORD})"
    for name, role in ROLES.items():
        yield f"  {name:<12} {role if name in people else GONE}"
    yield ""
    for company in Company.objects.filter(slug__in=COMPANIES):
        token = Token.objects.filter(company=company, confirmed_at__isnull=False).first()
        pools = counted(token.opens_total, "pool") if token and token.opens_total else "no pools"
        yield f"  {company.name:<12} {pools}"
    yield ""
    yield "  Only manager and admin start with a token for Northwind. As anyone else, add one:"
    yield f"  API key      {northwind.get('full', 'revoked')}"
    yield f"  to read only {northwind.get('read_only', 'revoked')}"
    yield f"  or sign in to Patchworks with e-mail manager@northwind.example, password {PASSWORD}"
