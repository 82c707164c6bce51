"""Which passwords are taken: long ones that nobody has stolen, of whatever characters."""

import re

import pytest
from django.contrib.auth.hashers import get_hasher
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import (
    get_password_validators,
    password_validators_help_texts,
    validate_password,
)
from django.core.exceptions import ValidationError
from django.test import Client

import adminpanel.settings
from pools.accounts.passwords import StolenPasswordValidator, local_words
from pools.models import Company
from tests.fixtures.panel import PASSWORD
from tests.fixtures.people import sign_in, signed_in

pytestmark = pytest.mark.django_db
CHANGE = "/accounts/password/change/"


@pytest.mark.parametrize(
    "password",
    ["8305192746", "zqvbnhgtrw", "          ", "ZQVBNHGTRW", "äöüßéèêñçøå", "🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵",
     "x" * 63 + "y", "correct horse battery 99 staple" * 30],
    ids=["digits", "letters", "spaces", "capitals", "accents", "emoji", "64", "930"],
)  # fmt: skip
def test_any_characters_and_any_length_are_taken(password: str) -> None:
    validate_password(password, User(username="olga"))


@pytest.mark.parametrize(
    "password",
    ["123456789", "1234567890", "PASSWORD123", "sportbox02", "iloveyou123", "patchworks2026",
     "Pools-Panel1", "Acme-Ltd-99", "olga-olga-1", "Olga.Berg.12", "Administrator1"],
)  # fmt: skip
def test_short_stolen_and_local_ones_are_refused(password: str) -> None:
    Company.objects.create(slug="acme-ltd", name="Acme Ltd", base_url="http://127.0.0.1:9")
    person = User(username="olga", first_name="Olga", last_name="Berg", email="olga@x.example")
    with pytest.raises(ValidationError):
        validate_password(password, person)


def test_the_list_of_stolen_ones_holds_3000_that_are_long_enough() -> None:
    long_enough = [word for word in StolenPasswordValidator().passwords if len(word) >= 10]
    assert len(long_enough) > 20_000


def test_the_words_of_the_place_are_its_own(settings: object) -> None:
    Company.objects.create(slug="acme", name="Acme Trading", base_url="http://127.0.0.1:9")
    assert {"patchworks", "trading", "acme", "pools panel", "operator"} <= set(local_words())


def test_a_name_is_refused_in_one_sentence_and_its_rule_is_one() -> None:
    person = User(username="olga", first_name="Olga", last_name="Berg", email="olga@x.example")
    for password in ("olga-olga-1", "olga@x.example", "Olga.Berg.12"):
        with pytest.raises(ValidationError) as refused:
            validate_password(password, person)
        assert refused.value.messages == [
            "Too easy to guess: it is close to a name used here. Choose another."
        ]
    assert password_validators_help_texts() == [
        "At least 10 characters.",
        "On no list of stolen passwords.",
        "Not close to a name used here: yours, the panel's, a company's or a role's.",
    ]


def test_every_rule_is_one_that_was_meant() -> None:
    rules = get_password_validators(adminpanel.settings.AUTH_PASSWORD_VALIDATORS)
    assert [type(rule).__name__ for rule in rules] == [
        "LengthValidator",
        "StolenPasswordValidator",
        "NamesValidator",
    ]


def test_the_change_asks_for_the_password_from_before(operator: User) -> None:
    client = sign_in("olga")
    form = {
        "oldpassword": "not it",
        "password1": "nine-blue-herons",
        "password2": "nine-blue-herons",
    }
    assert client.post(CHANGE, form).status_code == 200
    assert signed_in(sign_in("olga", PASSWORD))


def test_a_password_does_not_end_by_itself(operator: User) -> None:
    import time_machine

    with time_machine.travel("2046-01-01"):
        assert signed_in(sign_in("olga"))


@pytest.mark.parametrize("address", ["/accounts/login/", CHANGE, "/accounts/reauthenticate/"])
def test_password_fields_are_masked_and_leave_paste_and_stores_alone(
    operator: User, address: str
) -> None:
    client = Client() if address == "/accounts/login/" else sign_in("olga")
    form = client.get(address).context["form"]
    fields = [f for name, f in form.fields.items() if "password" in name]
    assert fields
    for field in fields:
        assert field.widget.input_type == "password"
        assert field.widget.attrs["autocomplete"] in ("current-password", "new-password")
        assert not {"onpaste", "maxlength"} & set(field.widget.attrs)


def test_the_rules_of_a_new_password_are_a_list_before_it_is_typed(operator: User) -> None:
    page = sign_in("olga").get(CHANGE).content.decode()
    assert re.search(r'<div id="id_password1_helptext"\s+class="help"><ul><li>', page)


def test_no_script_stands_in_the_way_of_pasting() -> None:
    scripts = [
        file.read_text() for file in (adminpanel.settings.BASE_DIR / "static/js").glob("*.js")
    ]
    assert scripts
    assert not [script for script in scripts if "'paste'" in script or '"paste"' in script]


def test_passwords_are_hashed_at_todays_cost() -> None:
    from django.conf import global_settings

    assert not hasattr(adminpanel.settings, "PASSWORD_HASHERS")
    assert global_settings.PASSWORD_HASHERS[0].endswith("PBKDF2PasswordHasher")
    # OWASP's cheat sheet asks for 600,000 rounds of PBKDF2 with SHA-256.
    from django.contrib.auth.hashers import PBKDF2PasswordHasher

    assert PBKDF2PasswordHasher.iterations >= 600_000
    assert PBKDF2PasswordHasher.algorithm == "pbkdf2_sha256"
    assert get_hasher() is not None


def test_the_form_speaks_as_the_others_do(operator: User) -> None:
    form = sign_in("olga").get(CHANGE).context["form"]
    labels = [field.label for field in form]
    assert labels == ["Current password", "New password", "Repeat the password"]
    assert [field.field.widget.attrs.get("placeholder") for field in form] == [None] * 3
