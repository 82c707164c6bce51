"""The access matrix: every address × every method × every kind of visitor.

The addresses are read from the URL configuration: one without a row here fails. A row says
who is let in; what letting in means (a page, a form, a 404 for a thing that is not there)
is for other tests to say.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from pools.models import Company
from pools.pages.guards import unguarded_views
from pools.urls import urlpatterns as panel_patterns
from sandbox.running import RunningSandbox
from tests.fixtures.panel import SignIn, give_token, make_company, make_person
from tests.fixtures.people import prove, signed_in
from tests.fixtures.sampling import at_length
from tests.views.addresses import (
    ADMINISTRATOR,
    MANAGER,
    MATRIX,
    OPERATOR,
    READER,
    ROLES,
    address_of,
)

pytestmark = pytest.mark.any_database

# Looked at, and changed by nobody but superusers.
NOT_POSTED: Final = {
    "admin/pools/token/<path:object_id>/change/",
    "admin/pools/entry/<path:object_id>/change/",
    "admin/auth/group/<path:object_id>/change/",
}
METHODS: Final = ["get", "head", "post"]
NO_METHODS: Final = ["options", "put", "patch", "delete", "trace"]
# Signing out comes last: after it the visitor is another one.
ORDER: Final = sorted(MATRIX, key=lambda route: "logout" in route)
ASKED: Final = ORDER[:-2]
HALVES: Final = [ASKED[::2], ASKED[1::2]]
OTHERS: Final = [role for role in ROLES if role != ADMINISTRATOR]
# Administrators ask for each address both by GET and by POST. Everybody else asks once in each
# run: by GET for one half of all addresses and by POST for the other, the next role the other way
# round. So either method meets at each address somebody whom it lets in, if there is anybody, and
# somebody whom it refuses. HEAD is answered as GET is: of one role it is looked at in each run.
BY_ROLE: Final = [
    *((ADMINISTRATOR, method, ASKED) for method in ["get", "post"]),
    *((role, "get", HALVES[at % 2]) for at, role in enumerate(OTHERS)),
    *((role, "post", HALVES[1 - at % 2]) for at, role in enumerate(OTHERS)),
    (MANAGER, "head", ASKED),
    *at_length(product(OTHERS, ["get", "post"], [ASKED])),
    *at_length((role, "head", ASKED) for role in ROLES if role != MANAGER),
]
# A session ends before it is known what is asked: each address is asked for by one method.
OF_A_DISABLED_PERSON: Final = [
    *((method, ORDER[at :: len(METHODS)]) for at, method in enumerate(METHODS)),
    *at_length((method, ORDER) for method in METHODS),
]


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Every address of the URL configuration, as it is written there."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def met_with(client: Client, method: str, route: str) -> str:
    """How a visitor is received: "let in", "sign in", "refused", or "no such method"."""
    answer = getattr(client, method)(address_of(route))
    # The administration's own sign-in page sends on to the panel's.
    if answer.status_code == 302 and answer["Location"].startswith("/admin/login/"):
        answer = client.get(answer["Location"])
    assert answer.status_code < 500, (method, route)
    if answer.status_code == 302 and answer["Location"].startswith("/accounts/login/?"):
        return "sign in"
    # With a role but without a token, Core is not asked: that is not the role's refusal.
    no_token = answer.status_code == 403 and b"You have no token" in answer.content
    if answer.status_code == 403 and not no_token:
        return "refused"
    return "no such method" if answer.status_code == 405 else "let in"


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert set(routes(get_resolver().url_patterns)) == set(MATRIX)


def test_no_view_of_the_panel_is_unguarded() -> None:
    assert unguarded_views(panel_patterns) == []


@pytest.mark.parametrize(("role", "method", "routes"), BY_ROLE)
def test_each_role_is_let_in_where_it_may_and_nowhere_else(
    sign_in_as: SignIn, role: str, method: str, routes: list[str]
) -> None:
    client = sign_in_as(role, token="full" if role != READER else "read_only")
    prove(client)
    met = {route: met_with(client, method, route) for route in routes}
    asked = {route for route, how in met.items() if how != "no such method"}
    may = {route for route in asked if role in MATRIX[route]}
    may -= NOT_POSTED if method == "post" else set()
    assert {route for route in asked if met[route] == "let in"} == may


@pytest.mark.parametrize("method", NO_METHODS)
def test_other_methods_are_nobodys(sign_in_as: SignIn, method: str) -> None:
    for client in (Client(), sign_in_as(ADMINISTRATOR)):
        met = {getattr(client, method)(address_of(route)).status_code for route in MATRIX}
        assert met == {405}


@pytest.mark.parametrize("method", METHODS)
def test_a_stranger_is_sent_to_sign_in(acme: Company, method: str) -> None:
    client = Client()
    met = {route: met_with(client, method, route) for route in ORDER}
    kept_out = {route for route, how in met.items() if how == "sign in"}
    taken = {"accounts/oidc/taken/"}
    assert kept_out == {route for route in MATRIX if "stranger" not in MATRIX[route]} - taken


@pytest.mark.parametrize(("method", "routes"), OF_A_DISABLED_PERSON)
def test_a_disabled_person_is_a_stranger(
    sign_in_as: SignIn, settings: Any, method: str, routes: list[str]
) -> None:
    client = sign_in_as(ADMINISTRATOR)
    assert signed_in(client)
    User.objects.update(is_active=False)
    session = Session.objects.get()
    for route in routes:
        # Each time anew: the first request ends the session.
        session.save()
        client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        assert (met_with(client, method, route) == "sign in") == (
            "stranger" not in MATRIX[route] and "taken" not in route
        ), route


@pytest.mark.parametrize("method", METHODS)
def test_a_member_of_another_company_learns_nothing_of_this_one(
    acme: Company, core: RunningSandbox, method: str
) -> None:
    user = make_person("elsewhere", ADMINISTRATOR)
    northwind = make_company(core, "northwind", "Northwind")
    give_token(user, northwind, core.keys["northwind"]["full"])
    core.reset()
    client = Client()
    client.force_login(user)
    for route in MATRIX:
        if route.startswith("c/<slug:company>/pools/"):
            answer = getattr(client, method)(address_of(route))
            assert (answer.status_code, route) in [(403, route), (422, route)]
    assert core.journal == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", ORDER[-2:])
def test_signing_out_is_for_whoever_is_in(sign_in_as: SignIn, role: str, route: str) -> None:
    client = sign_in_as(role, token=None)
    assert met_with(client, "post", route) == ("let in" if role in MATRIX[route] else "refused")


def test_somebody_elses_token_is_404(sign_in_as: SignIn) -> None:
    sign_in_as(MANAGER)
    stranger = sign_in_as(OPERATOR, token=None)
    assert stranger.post("/tokens/acme/verify/").status_code == 404
    assert stranger.get("/tokens/acme/confirm/").status_code == 404
