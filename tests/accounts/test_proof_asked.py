"""Which acts ask who one is once more: the act decides, at every address that leads to it."""

from typing import Final

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from pools.models import Company, Entry, Invitation, Token
from pools.people import acts
from sandbox.running import RunningSandbox
from tests.fixtures.panel import actor, give_token, make_person
from tests.views.addresses import MATRIX, address_of

# Everything that docs/security.md says is protected: tokens, people, second factors, the
# sessions of an account, and Django's administration.
PROTECTED: Final = {
    "tokens/<slug:company>/replace/",
    "tokens/<slug:company>/remove/",
    "tokens/<slug:company>/confirm/",  # where it replaces one
    "people/invite/",
    "people/invitations/<uuid:invitation>/withdraw/",
    "people/<int:person_id>/roles/",
    "people/<int:person_id>/disable/",
    "people/<int:person_id>/enable/",
    "people/<int:person_id>/sign-out/",
    "people/<int:person_id>/password/",
    "people/<int:person_id>/second-factors/remove/",
    "accounts/sessions/",
    "accounts/second-factor/app/",
    "accounts/second-factor/app/remove/",
    "accounts/second-factor/recovery-codes/",
    "accounts/second-factor/recovery-codes/download/",
    "accounts/second-factor/recovery-codes/new/",
    "accounts/second-factor/passkeys/new/",
    "accounts/second-factor/passkeys/<int:pk>/",
    "accounts/second-factor/passkeys/<int:pk>/remove/",
    "accounts/oidc/connections/",
    *(
        f"admin/{model}/{page}"
        for model in ("auth/user", "auth/group")
        for page in ("", "add/", "<path:object_id>/change/", "<path:object_id>/delete/")
    ),
    "admin/auth/user/<id>/password/",
    "companies/new/",
    "companies/<company_page:company>/",
    "companies/<slug:company>/edit/",
    "companies/<slug:company>/archive/",
    "companies/<slug:company>/bring-back/",
}


@pytest.mark.django_db
def test_every_protected_act_asks_and_nothing_else_does(
    acme: Company, core: RunningSandbox
) -> None:
    root = User.objects.create_superuser("root")
    olga = make_person("olga", "Operator")
    give_token(root, acme, core.keys["acme"]["full"])
    invitation, _ = acts.invite(
        username="nina", full_name="", email="", roles=["Operator"], by=actor(root)
    )
    samples: dict[str, dict[str, object]] = {
        "people/": {"<int:person_id>": olga.pk, "<uuid:invitation>": invitation.pk},
        "admin/auth/user/": {"<path:object_id>": olga.pk, "<id>": olga.pk},
        "admin/auth/group/": {"<path:object_id>": Group.objects.create(name="Our own").pk},
    }
    client = Client()
    asked = set()
    for route in MATRIX:
        waiting = Token.objects.filter(confirmed_at__isnull=True)
        if route == "tokens/<slug:company>/confirm/" and not waiting.exists():
            form = {"company": "acme", "kind": "api_key", "token": core.keys["acme"]["read_only"]}
            client.force_login(root)
            client.post("/tokens/add/", form)
        address = route
        for begin, values in samples.items():
            if route.startswith(begin):
                for part, value in values.items():
                    address = address.replace(part, str(value))
        if "_auth_user_id" not in client.session:
            # The act before ended it.
            client.force_login(root)
        answer = client.post(address_of(address), {"post": "yes"})
        if answer.get("Location", "").startswith("/accounts/reauthenticate/?next="):
            asked.add(route)
    assert asked == PROTECTED
    assert Invitation.objects.open().count() == 1
    assert User.objects.filter(pk=olga.pk, is_active=True).exists()
    # The token that waited was discarded; the one in use is still there.
    assert set(Entry.objects.values_list("action", flat=True)) == {
        *("token_added", "token_confirmed", "token_verified", "token_removed"),
        *("person_invited", "signed_out"),
    }
    assert Token.objects.get().confirmed_at is not None
