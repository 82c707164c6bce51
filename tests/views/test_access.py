"""The access matrix: every address × every method × every kind of visitor.

The addresses are read from the URL configuration: one without a row here fails. A row says
who is let in; what letting in means (a page, a form, a 404 for a thing that is not there)
is for other tests to say.
"""

import time
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from pools.guards import unguarded_views
from pools.models import Company
from pools.urls import urlpatterns as panel_patterns
from sandbox.running import RunningSandbox
from tests.views.conftest import SignIn, give_token, make_company, make_person, person_of

READER, OPERATOR, MANAGER = "Read-only", "Operator", "Manager"
AUDITOR, ADMINISTRATOR = "Auditor", "Administrator"
ROLES: Final = [READER, OPERATOR, MANAGER, AUDITOR, ADMINISTRATOR]
EDITORS: Final = [OPERATOR, MANAGER, ADMINISTRATOR]
MAKERS: Final = [MANAGER, ADMINISTRATOR]
LEADERS: Final = [ADMINISTRATOR]
NOBODY: Final[list[str]] = []
EVERYONE: Final = ["stranger", *ROLES]
# Shows something in the middle of signing in only; everybody else is sent on.
HALFWAY: Final = EVERYONE

# What an address needs before it can be judged.
QUERIES: Final = {
    "admin/autocomplete/": "?app_label=auth&model_name=user&field_name=groups&term=x",
}
SAMPLES: Final = {
    "<slug:company>": "acme",
    "<pool_id:pool>": "1",
    "<uuid:change>": "5b0b8c1e-0000-4000-8000-000000000000",
    "<uuid:invitation>": "5b0b8c1e-0000-4000-8000-000000000000",
    "<int:person_id>": "999999",
    "<int:pk>": "999999",
    "<int:company>": "999999",
    "<slug:provider_id>": "sso",
    "<path:content_type_id>": "999999",
    "<path:object_id>": "999999",
    "<id>": "999999",
    "^(?P<app_label>pools|auth)/$": "pools/",
    "(?P<url>.*)$": "no/such/page/",
}
# route → who is let in
MATRIX: Final = {
    "": ROLES,
    "c/<slug:company>/": ROLES,
    "c/<slug:company>/pools/": ROLES,
    "c/<slug:company>/pools/new/": MAKERS,
    "c/<slug:company>/pools/<pool_id:pool>/": ROLES,
    "c/<slug:company>/pools/<pool_id:pool>/edit/": EDITORS,
    "c/<slug:company>/pools/<pool_id:pool>/clear/": EDITORS,
    "c/<slug:company>/pools/<pool_id:pool>/delete/": MAKERS,
    "changes/": ROLES,
    "changes/export/": ROLES,
    "changes/<uuid:change>/": ROLES,
    "c/<slug:company>/changes/": ROLES,
    "c/<slug:company>/changes/export/": ROLES,
    "c/<slug:company>/changes/<uuid:change>/revert/": EDITORS,
    "c/<slug:company>/changes/<uuid:change>/release/": EDITORS,
    "c/<slug:company>/changes/<uuid:change>/check/": ROLES,
    "tokens/": ROLES,
    "tokens/add/": ROLES,
    "tokens/<slug:company>/confirm/": ROLES,
    "tokens/<slug:company>/verify/": ROLES,
    "tokens/<slug:company>/replace/": ROLES,
    "tokens/<slug:company>/remove/": ROLES,
    "people/": LEADERS,
    "people/invite/": LEADERS,
    "people/invitations/<uuid:invitation>/withdraw/": LEADERS,
    "people/<int:person_id>/": LEADERS,
    "people/<int:person_id>/roles/": LEADERS,
    "people/<int:person_id>/disable/": LEADERS,
    "people/<int:person_id>/enable/": LEADERS,
    "people/<int:person_id>/sign-out/": LEADERS,
    "people/<int:person_id>/password/": LEADERS,
    "people/<int:person_id>/second-factors/remove/": LEADERS,
    "join/": EVERYONE,
    "join/password/": EVERYONE,
    "account/": ROLES,
    "theme/": EVERYONE,
    "zone/": ROLES,
    "accounts/login/": EVERYONE,
    "accounts/logout/": EVERYONE,
    "accounts/inactive/": EVERYONE,
    "accounts/signup/": EVERYONE,
    "accounts/password/change/": ROLES,
    "accounts/password/forgotten/": EVERYONE,
    "accounts/password/code/": EVERYONE,
    "accounts/password/new/": EVERYONE,
    "accounts/sessions/": ROLES,
    "accounts/reauthenticate/": ROLES,
    "accounts/reauthenticate/code/": ROLES,
    "accounts/reauthenticate/passkey/": ROLES,
    "accounts/reauthenticate/provider/": ROLES,
    "accounts/second-factor/": ROLES,
    "accounts/second-factor/code/": HALFWAY,
    "accounts/second-factor/app/": ROLES,
    "accounts/second-factor/app/remove/": ROLES,
    "accounts/second-factor/recovery-codes/": ROLES,
    "accounts/second-factor/recovery-codes/download/": ROLES,
    "accounts/second-factor/recovery-codes/new/": ROLES,
    "accounts/second-factor/passkeys/": ROLES,
    "accounts/second-factor/passkeys/new/": ROLES,
    "accounts/second-factor/passkeys/sign-in/": EVERYONE,
    "accounts/second-factor/passkeys/<int:pk>/": ROLES,
    "accounts/second-factor/passkeys/<int:pk>/remove/": ROLES,
    "accounts/oidc/<slug:provider_id>/login/": EVERYONE,
    "accounts/oidc/<slug:provider_id>/login/callback/": EVERYONE,
    "accounts/oidc/cancelled/": EVERYONE,
    "accounts/oidc/error/": EVERYONE,
    "accounts/oidc/taken/": NOBODY,  # says why one cannot come in, with 403
    "accounts/oidc/connections/": ROLES,
    "admin/": LEADERS,
    "admin/login/": LEADERS,
    "admin/logout/": ROLES,
    "admin/password_change/": LEADERS,
    "admin/password_change/done/": LEADERS,
    "admin/autocomplete/": LEADERS,
    "admin/jsi18n/": LEADERS,
    "admin/r/<path:content_type_id>/<path:object_id>/": LEADERS,
    "admin/pools/company/": LEADERS,
    "admin/pools/company/add/": LEADERS,
    "admin/pools/company/<path:object_id>/history/": LEADERS,
    "admin/pools/company/<path:object_id>/delete/": LEADERS,
    "admin/pools/company/<path:object_id>/change/": LEADERS,
    "admin/pools/company/<path:object_id>/": LEADERS,
    "admin/pools/token/": LEADERS,
    "admin/pools/token/add/": NOBODY,
    "admin/pools/token/<path:object_id>/history/": LEADERS,
    "admin/pools/token/<path:object_id>/delete/": NOBODY,
    "admin/pools/token/<path:object_id>/change/": LEADERS,
    "admin/pools/token/<path:object_id>/": LEADERS,
    "admin/pools/entry/": LEADERS,
    "admin/pools/entry/add/": NOBODY,
    "admin/pools/entry/<path:object_id>/history/": LEADERS,
    "admin/pools/entry/<path:object_id>/delete/": NOBODY,
    "admin/pools/entry/<path:object_id>/change/": LEADERS,
    "admin/pools/entry/<path:object_id>/": LEADERS,
    "admin/auth/user/": LEADERS,
    "admin/auth/user/add/": LEADERS,
    "admin/auth/user/<id>/password/": LEADERS,
    "admin/auth/user/<path:object_id>/history/": LEADERS,
    "admin/auth/user/<path:object_id>/delete/": LEADERS,
    "admin/auth/user/<path:object_id>/change/": LEADERS,
    "admin/auth/user/<path:object_id>/": LEADERS,
    "admin/auth/group/": LEADERS,
    "admin/auth/group/add/": NOBODY,  # for superusers
    "admin/auth/group/<path:object_id>/history/": LEADERS,
    "admin/auth/group/<path:object_id>/delete/": NOBODY,
    "admin/auth/group/<path:object_id>/change/": LEADERS,
    "admin/auth/group/<path:object_id>/": LEADERS,
    "admin/^(?P<app_label>pools|auth)/$": LEADERS,
    "admin/(?P<url>.*)$": LEADERS,
    "healthz": EVERYONE,
    "readyz": EVERYONE,
    "metrics": EVERYONE,  # whom METRICS_TOKEN is asked of, when it is set
}
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


def routes(patterns: list[Any], prefix: str = "") -> Iterator[str]:
    """Every address of the URL configuration, as it is written there."""
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def address_of(route: str) -> str:
    address = route
    for part, sample in SAMPLES.items():
        address = address.replace(part, sample)
    return f"/{address}{QUERIES.get(route, '')}"


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


def prove(client: Client) -> None:
    """As if the password had been given just now: what is asked next is the role."""
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time()}]
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session.save()


def test_every_address_has_a_row_and_every_row_an_address() -> None:
    assert set(routes(get_resolver().url_patterns)) == set(MATRIX)


def test_no_view_of_the_panel_is_unguarded() -> None:
    assert unguarded_views(panel_patterns) == []


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_let_in_where_it_may_and_nowhere_else(
    sign_in_as: SignIn, role: str, method: str
) -> None:
    client = sign_in_as(role, token="full" if role != READER else "read_only")
    prove(client)
    met = {route: met_with(client, method, route) for route in ORDER[:-2]}
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


@pytest.mark.parametrize("method", METHODS)
def test_a_disabled_person_is_a_stranger(sign_in_as: SignIn, method: str) -> None:
    client = sign_in_as(ADMINISTRATOR)
    user = person_of(client)
    for route in ORDER:
        # Each time anew: the first request ends the session.
        user.is_active = True
        user.save()
        client.force_login(user)
        type(user).objects.filter(pk=user.pk).update(is_active=False)
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
