"""Looking after people: what administrators see, and what they cannot do even so."""

import html
import json

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from pools.ledger.appending import Actor, record_event
from pools.models import Company, Token
from pools.people import acts
from pools.secret import Secret
from pools.tokens.keeping import PersonDisabled, open_core
from pools.tokens.vault import fingerprint
from tests.fixtures.panel import actor, make_person, told
from tests.fixtures.people import events, sign_in, signed_in

pytestmark = pytest.mark.django_db


def roles(user: User) -> list[str]:
    return acts.roles_of(User.objects.get(pk=user.pk))


def test_the_list_shows_roles_factor_and_when_they_were_here(admin: Client, operator: User) -> None:
    page = admin.get("/people/").content.decode()
    assert "olga" in page
    assert "Operator" in page
    assert ">off<" in page


def test_the_list_asks_the_database_as_often_for_many_as_for_one(admin: Client) -> None:
    admin.get("/people/")  # the first page notes that they are here
    with CaptureQueriesContext(connection) as few:
        admin.get("/people/")
    for number in range(20):
        make_person(f"person{number}", "Manager")
    with CaptureQueriesContext(connection) as many:
        admin.get("/people/")
    assert len(many) == len(few)


def test_a_persons_page_shows_their_tokens_without_raw_facts(admin: Client, operator: User) -> None:
    key = Secret("a-key-of-olga-0123456789")
    company = Company.objects.create(slug="acme", name="Acme", base_url="http://127.0.0.1:9")
    Token.objects.create(
        user=operator, company=company, kind="api_key", sealed="v1:x", fingerprint=fingerprint(key),
        created_at="2026-01-01T00:00Z", confirmed_at="2026-01-01T00:00Z",
        last_worked_at="2026-03-04T05:06Z", expires_at="2027-08-09T10:11Z",
    )  # fmt: skip
    page = admin.get(f"/people/{operator.pk}/").content.decode()
    assert fingerprint(key) not in page
    assert "4 Mar 2026 05:06" in page
    assert "9 Aug 2027 10:11" in page
    assert key.reveal() not in page


def test_giving_and_taking_roles_is_recorded(admin: Client, operator: User) -> None:
    admin.post(f"/people/{operator.pk}/roles/", {"roles": ["Manager", "Auditor"]})
    assert roles(operator) == ["Manager", "Auditor"]
    (event,) = events("roles_changed")
    facts = json.loads(event.facts)
    assert (event.actor_name, facts["name"]) == ("ada", "olga")
    assert (facts["given"], facts["taken"]) == (["Auditor", "Manager"], ["Operator"])


def test_the_same_roles_once_more_are_no_event(admin: Client, operator: User) -> None:
    admin.post(f"/people/{operator.pk}/roles/", {"roles": ["Operator"]})
    assert events("roles_changed") == []


def test_a_role_that_there_is_not_is_refused(admin: Client, operator: User) -> None:
    answer = admin.post(f"/people/{operator.pk}/roles/", {"roles": ["Superuser"]})
    assert answer.status_code == 422
    assert roles(operator) == ["Operator"]


def test_roles_change_without_signing_in_again(admin: Client, operator: User) -> None:
    olga = sign_in("olga")
    assert olga.get("/people/").status_code == 403
    admin.post(f"/people/{operator.pk}/roles/", {"roles": ["Administrator"]})
    assert olga.get("/people/").status_code == 200


def test_nobody_takes_their_own_administration(admin: Client, administrator: User) -> None:
    make_person("another", "Administrator")
    answer = admin.post(f"/people/{administrator.pk}/roles/", {"roles": ["Manager"]})
    assert answer.status_code == 422
    assert answer.context["form"].non_field_errors() == [
        "You can't remove your own Administrator role. Ask a colleague."
    ]
    assert roles(administrator) == ["Administrator"]


def test_nobody_makes_themselves_a_superuser(admin: Client, administrator: User) -> None:
    for address in (
        f"/people/{administrator.pk}/roles/",
        f"/admin/auth/user/{administrator.pk}/change/",
    ):
        admin.post(address, {"roles": ["Administrator"], "username": "ada", "is_superuser": "on"})
    administrator.refresh_from_db()
    assert administrator.is_superuser is False


@pytest.mark.parametrize("act", ["roles", "disable", "sign-out", "second-factors/remove"])
def test_a_superuser_is_for_superusers_to_touch(admin: Client, act: str) -> None:
    root = User.objects.create_superuser("root", password="x")
    answer = admin.post(f"/people/{root.pk}/{act}/", {"roles": ["Read-only"]})
    assert answer.status_code in (409, 422)
    root.refresh_from_db()
    assert (root.is_active, root.is_superuser, roles(root)) == (True, True, [])


def test_the_last_administration_cannot_go(administrator: User, operator: User) -> None:
    # An operator's word would do here: that only administrators act is the views' to see to.
    with pytest.raises(acts.LastAdministrator):
        acts.disable(administrator, by=actor(operator))
    administrator.refresh_from_db()
    assert administrator.is_active is True


def test_a_disabled_person_is_out_at_the_next_request(admin: Client, operator: User) -> None:
    olga = sign_in("olga")
    admin.post(f"/people/{operator.pk}/disable/")
    assert not signed_in(olga)
    assert not signed_in(sign_in("olga"))
    assert [event.actor_name for event in events("person_disabled")] == ["ada"]


def test_enabling_lets_in_again_but_no_session_from_before(admin: Client, operator: User) -> None:
    olga = sign_in("olga")
    admin.post(f"/people/{operator.pk}/disable/")
    admin.post(f"/people/{operator.pk}/enable/")
    assert not signed_in(olga)
    assert signed_in(sign_in("olga"))


def test_nobody_disables_themselves(admin: Client, administrator: User) -> None:
    assert admin.post(f"/people/{administrator.pk}/disable/").status_code == 409
    assert signed_in(admin)


def test_what_is_never_allowed_is_refused_before_it_is_confirmed(
    admin: Client, administrator: User
) -> None:
    root = User.objects.create_superuser("root", password="x")
    for address in (f"{administrator.pk}/disable/", f"{root.pk}/roles/", f"{root.pk}/disable/"):
        page = admin.get(f"/people/{address}")
        assert page.status_code == 409
        assert "csrfmiddlewaretoken" not in page.text.partition("<main")[2].partition("</main>")[0]
    own = admin.get(f"/people/{administrator.pk}/roles/")
    assert own.context["own_rule"] in html.unescape(own.text)
    assert "own Administrator role" in own.context["own_rule"]


def test_a_disabled_persons_token_opens_nothing(operator: User) -> None:
    company = Company.objects.create(slug="acme", name="Acme", base_url="http://127.0.0.1:9")
    operator.is_active = False
    operator.save()
    token = Token(user=operator, company=company, kind="api_key", sealed="v1:x")
    with pytest.raises(PersonDisabled):
        open_core(token)


def test_signing_out_everywhere_ends_every_session(admin: Client, operator: User) -> None:
    first, second = sign_in("olga"), sign_in("olga")
    admin.post(f"/people/{operator.pk}/sign-out/")
    assert not signed_in(first)
    assert not signed_in(second)
    assert json.loads(events("sessions_ended")[0].facts)["count"] == 2


def test_acts_ask_for_the_password_when_it_was_not_given_lately(
    administrator: User, operator: User
) -> None:
    client = Client()
    client.force_login(administrator)
    answer = client.post(f"/people/{operator.pk}/disable/")
    assert answer["Location"] == (f"/accounts/reauthenticate/?next=/people/{operator.pk}/disable/")
    operator.refresh_from_db()
    assert operator.is_active


def test_an_unknown_person_is_404(admin: Client) -> None:
    assert admin.get("/people/99999999999999999999/").status_code == 404


def test_names_are_escaped(admin: Client) -> None:
    User.objects.create_user("<b>bold</b>", first_name="<script>")
    page = admin.get("/people/").content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold" not in page
    assert "<script>" not in page


def test_what_someone_did_is_told_in_words(admin: Client, operator: User) -> None:
    company = Company.objects.create(slug="acme", name="Acme Ltd", base_url="http://127.0.0.1:9")
    record_event(
        "token_added", Actor(operator.pk, "olga", "192.0.2.7"), company=company.slug,
        facts={"kind": "api_key", "label": "laptop"},
    )  # fmt: skip
    lately = told(admin.get(f"/people/{operator.pk}/")).partition("Recent activity")[2]
    assert "Token added · Acme Ltd" in lately
    assert "kind API key" in lately
    assert "192.0.2.7" not in lately
