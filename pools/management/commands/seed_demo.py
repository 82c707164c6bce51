"""Fills the database of `make demo`: companies, people of every role, and their tokens."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from django.contrib.auth.models import Group, User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from pools.core import ApiKey
from pools.models import Company, Entry, Token
from pools.secret import Secret
from pools.tokens import TokenState, add_token, confirm_token, state_of, token_for

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
# Who may only read here gets the key that may only read there.
READERS: Final = frozenset({"viewer", "auditor"})
# The others meet a company without a token, and the way to a first one.
AT_NORTHWIND: Final = frozenset({"manager", "admin"})


class Command(BaseCommand):
    """Adds what is missing, changes nothing that is there, and prints who can sign in.

    A company whose sandbox has moved to another port is the exception: it gets the new
    address, and the demo's tokens, which are bound to the address, are stored anew.
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
        people = {name: _person(name, role) for name, role in ROLES.items()}
        for slug in COMPANIES:
            company = _company(slug, core)
            for name, user in people.items():
                if slug != "northwind" or name in AT_NORTHWIND:
                    kind = "read_only" if name in READERS else "full"
                    _give_token(user, company, Secret(access[slug][kind]))
        for line in _who_and_where(access["northwind"]):
            self.stdout.write(line)


def _refuse_beyond_the_demo(core: str) -> None:
    """Well-known passwords must never reach a database that opens a real company."""
    if os.environ.get("PANEL_DEMO") != "1":
        raise CommandError(
            "This fills a database with well-known passwords: only with PANEL_DEMO=1."
        )
    known = [(company.slug, company.base_url) for company in Company.objects.all()]
    for slug, address in [*known, ("the sandbox", core)]:
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


def _person(name: str, role: str) -> User:
    user, added = User.objects.get_or_create(
        username=name, defaults={"email": f"{name}@panel.example"}
    )
    if added or not user.has_usable_password():
        user.set_password(PASSWORD)
        user.save()
        user.groups.set([Group.objects.get(name=role)])
    return user


def _company(slug: str, core: str) -> Company:
    name, colour = COMPANIES[slug]
    company = Company.objects.filter(slug=slug).first() or Company(
        slug=slug, name=name, colour=colour
    )
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
    added, _ = add_token(user, company, ApiKey(key), "Demo key")
    confirm_token(added)


def _had_one(user: User, company: Company) -> bool:
    return Entry.objects.filter(
        action="token_confirmed", actor_id=str(user.pk), company=company.slug
    ).exists()


def _who_and_where(northwind: Mapping[str, str]) -> Iterator[str]:
    yield f"  Sign in as   with the role    (password of all: {PASSWORD})"
    for name, role in ROLES.items():
        yield f"  {name:<12} {role}"
    yield ""
    for company in Company.objects.filter(slug__in=COMPANIES):
        token = Token.objects.filter(company=company, confirmed_at__isnull=False).first()
        pools = f"{token.opens_total} pools" if token and token.opens_total else "no pools"
        yield f"  {company.name:<12} {pools}"
    yield ""
    yield "  At first only manager and admin have a token for Northwind. As anybody else, add one:"
    yield f"  API key      {northwind.get('full', 'revoked')}"
    yield f"  to read only {northwind.get('read_only', 'revoked')}"
    yield f"  or sign in to Patchworks with e-mail manager@northwind.example, password {PASSWORD}"
