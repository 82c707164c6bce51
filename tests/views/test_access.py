"""Every address × every kind of visitor: a new address without a row fails."""

from typing import Any

import pytest
from django.test import Client
from django.urls import get_resolver

from adminpanel.urls import urlpatterns
from pools.guards import unguarded_views
from pools.urls import urlpatterns as panel_patterns
from tests.views.conftest import SignIn, person_of

ROLES = ["Read-only", "Operator", "Manager", "Auditor", "Administrator"]
CHANGE = "5b0b8c1e-0000-4000-8000-000000000000"
# address → the roles that get further than a refusal
MATRIX = {
    "/": ROLES,
    "/c/acme/pools/": ROLES,
    "/c/acme/pools/1/": ROLES,
    "/c/acme/pools/new/": ["Manager", "Administrator"],
    "/c/acme/pools/1/edit/": ["Operator", "Manager", "Administrator"],
    "/c/acme/pools/1/clear/": ["Operator", "Manager", "Administrator"],
    "/c/acme/pools/1/delete/": ["Manager", "Administrator"],
    f"/c/acme/changes/{CHANGE}/release/": ["Operator", "Manager", "Administrator"],
    "/tokens/": ROLES,
    "/tokens/add/": ROLES,
    "/tokens/acme/confirm/": ROLES,
    "/tokens/acme/verify/": ROLES,
    "/tokens/acme/replace/": ROLES,
    "/tokens/acme/remove/": ROLES,
    "/account/": ROLES,
    "/admin/": ["Administrator"],
}
PUBLIC = ["/accounts/login/", "/accounts/signup/", "/accounts/inactive/", "/healthz", "/readyz"]


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", MATRIX)
def test_a_stranger_is_sent_to_sign_in(client: Client, db: None, address: str, method: str) -> None:
    answer = getattr(client, method)(address, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


def is_refused(answer: Any) -> bool:
    """Asking for the password once more, or going on to the pools, is no refusal."""
    onward = ("/accounts/reauthenticate/", "/c/acme/pools/")
    return answer.status_code == 403 or (
        answer.status_code == 302 and not answer["Location"].startswith(onward)
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_its_pages_and_no_other(sign_in_as: SignIn, role: str) -> None:
    client = sign_in_as(role, token="full" if role != "Read-only" else "read_only")
    refused = {address for address in MATRIX if is_refused(client.get(address))}
    assert refused == {address for address, roles in MATRIX.items() if role not in roles}


@pytest.mark.parametrize("address", MATRIX)
def test_a_disabled_person_is_out_at_once(sign_in_as: SignIn, address: str) -> None:
    client = sign_in_as("Manager")
    user = person_of(client)
    user.is_active = False
    user.save()
    answer = client.get(address, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?next=")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_pages_are_open(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 200


def test_every_address_has_a_row() -> None:
    known = {*MATRIX, *PUBLIC, "/theme/", "/accounts/logout/", "/accounts/reauthenticate/",
             "/accounts/password/change/"}  # fmt: skip
    resolver = get_resolver()
    resolved = {resolver.resolve(address).route for address in known}
    own = {str(pattern.pattern) for pattern in panel_patterns}
    outer = {str(p.pattern) for p in urlpatterns if hasattr(p, "callback")}
    assert own | outer <= resolved


def test_no_view_of_the_panel_is_unguarded() -> None:
    assert unguarded_views(panel_patterns) == []


def test_somebody_elses_token_is_404(sign_in_as: SignIn) -> None:
    sign_in_as("Manager")
    stranger = sign_in_as("Operator", token=None)
    assert stranger.post("/tokens/acme/verify/").status_code == 404
    assert stranger.get("/tokens/acme/confirm/").status_code == 404
