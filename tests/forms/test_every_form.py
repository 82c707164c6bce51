"""Every form that a page shows: its controls cut nothing off, and what they hold can be kept."""

import importlib
import pkgutil
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any, Final

import pytest
from django import forms
from django.contrib.auth.models import Group, User
from django.test import Client

import pools.forms
from pools.models import Company
from pools.pages.drafts import KEPT_FIELDS, KEPT_LISTS
from sandbox.running import RunningSandbox
from tests.fixtures.panel import PASSWORD, give_token
from tests.fixtures.people import prove
from tests.views.addresses import MATRIX
from tests.views.changing import ONE_POOL, edit, newest, revert_of, unknown_edit

# Nobody else may read these, so they are never kept.
SECRET: Final = {
    *("password", "again", "oldpassword", "password1", "password2", "usable_password"),
    *("token", "code", "credential"),
}
# No form's own text, or not worth keeping: they say themselves what they are.
_OTHER: Final = {
    *("csrfmiddlewaretoken", "next", "form_id", "theme", "keys", "zone", "session"),
    # A browser gives a file once.
    "file",
    *("action", "select_across", "index", "_selected_action", "_popup", "_to_field"),
}
# Shown when a form comes back, if at all; where checkpoints are signed; for pools that were ticked.
_ONLY_ASKED: Final = {
    *("move_anyway", "older", "operation"),
    *("limit_to", "limit_by", "limit_percent", "timeout_to", "timeout_none"),
}
# Of Django's own fields the administration leaves some out.
_DJANGOS: Final = {"date_joined", "is_staff", "last_login", "user_permissions"}


class Controls(HTMLParser):
    """What can be typed or chosen in the forms of a page that are sent: its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self._sends = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._sends = given.get("method") == "post"
        typed = tag in ("textarea", "select") or (
            tag == "input" and given.get("type") not in ("hidden", "submit")
        )
        if self._sends and typed and given.get("name"):
            self.found.append(given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._sends = False


def controls_at(client: Client, address: str) -> Iterator[dict[str, str | None]]:
    parser = Controls()
    answer = client.get(address)
    if "text/html" in answer.headers.get("Content-Type", "") and not answer.streaming:
        parser.feed(answer.text)
    yield from parser.found


@pytest.fixture
def controls(acme: Company, core: RunningSandbox, settings: Any) -> list[dict[str, str | None]]:
    """Those of every page, for a person who may do everything and for a stranger."""
    settings.EMAIL_CONFIGURED = True
    root = User.objects.create_superuser("root", password=PASSWORD)
    other = User.objects.create_user("other")
    give_token(root, acme, core.keys["acme"]["full"])
    client = Client()
    client.force_login(root)
    prove(client)
    pool = ONE_POOL
    edit(client, pool, limit="76")
    group = Group.objects.create(name="Others")
    more = ["/c/acme/pools/new/", "/tokens/acme/replace/"]
    more += [
        f"/c/acme/{page}/" for page in ("allowances", "pools/apply", "changes/evidence", "note")
    ]
    more += [revert_of(newest()), "/companies/acme/"]
    more += [f"/admin/auth/user/{other.pk}/change/", f"/admin/auth/group/{group.pk}/change/"]
    more += [f"/admin/auth/user/{other.pk}/password/", f"/people/{other.pk}/roles/"]
    more += [f"/c/acme/pools/{pool}/{word}/" for word in ("edit", "delete", "clear")]
    more += [f"/c/acme/changes/{unknown_edit(client, core, pool)}/release/"]
    found = [
        control
        for address in (*(f"/{route}" for route in MATRIX if _is_a_form(route)), *more)
        for control in controls_at(client, address)
    ]
    for address in ("/accounts/login/", "/accounts/password/forgotten/", "/join/"):
        found += controls_at(Client(), address)
    return found


def _is_a_form(route: str) -> bool:
    """Of the addresses that name nothing: those with a form of their own."""
    return "<" not in route and "logout" not in route


def our_fields() -> set[str]:
    """The fields of our own forms, whichever page shows them."""
    names: set[str] = set()
    for found in pkgutil.iter_modules(pools.forms.__path__, f"{pools.forms.__name__}."):
        module = importlib.import_module(found.name)
        for form in vars(module).values():
            if isinstance(form, type) and issubclass(form, forms.BaseForm):
                shown: dict[str, forms.Field] = getattr(form, "base_fields", {})
                names |= {name for name, field in shown.items() if not field.widget.is_hidden}
    return names


def test_no_field_is_forgotten_and_none_cuts_what_is_pasted(
    controls: list[dict[str, str | None]],
) -> None:
    names = {str(control["name"]) for control in controls}
    # All forms were met.
    assert names >= our_fields() - SECRET - _ONLY_ASKED - _DJANGOS | {
        *("login", "oldpassword", "first_name", "groups", "permissions"),
    }
    assert names - SECRET - _OTHER - {*KEPT_FIELDS, *KEPT_LISTS} == set()
    assert SECRET & {*KEPT_FIELDS, *KEPT_LISTS} == set()
    assert {control["name"] for control in controls if "maxlength" in control} == set()


def test_the_administration_says_it_as_every_form_does(admin: Client) -> None:
    said = admin.post("/admin/auth/user/add/", {"username": "n" * 151}).context["adminform"].errors
    assert said["username"] == ["At most 150 characters; this has 151."]
