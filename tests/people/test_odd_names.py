"""User names of all kinds, from the invitation to the record, its files and the mail."""

import csv
import io
import json
import unicodedata
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client

from pools.models import Entry, Invitation
from pools.models.bounds import EMAIL
from tests.fixtures.panel import make_person, streamed, told
from tests.fixtures.people import sign_in, signed_in
from tests.people.inviting import FORM, PASSWORD, invite, join

pytestmark = pytest.mark.django_db

# As it is typed, and as it is kept.
GIVEN = {
    "right to left": ("שלום.كتب", "שלום.كتب"),
    "without blanks": ("漢字ひらがな", "漢字ひらがな"),
    "capitals": ("OLGA2", "OLGA2"),
    "accents": ("Zoë.Kärcher", "Zoë.Kärcher"),
    "accents apart": ("zoe\u0308", "zoë"),
    "another script": ("Ольга", "Ольга"),
    "vowel signs": ("हिन्दी.सहायता", "हिन्दी.सहायता"),
    "tone marks": ("สมหญิง", "สมหญิง"),
    "points below": ("שָׁלוֹם", "שָׁלוֹם"),
    "wide": ("ＮＩＮＡ", "NINA"),
    "one letter of two": ("ﬁnn", "finn"),
    "sharp s": ("straße", "straße"),
    "blanks around": (" \u3000lead\u00a0", "lead"),
    "an address": ("nina@panel.example", "nina@panel.example"),
    "noughts": ("007", "007"),
    "a formula": ("-1+1", "-1+1"),
    "an option": ("--help", "--help"),
    "a word of programs": ("None", "None"),
    "two dots": ("..", ".."),
    "as long as can be": ("É" * 150, "É" * 150),
}
LETTERS = "Use letters, digits and @ . + - _ only."
UNSEEN = "This user name has characters that nobody can see. Choose another."
TAKEN = "Somebody already has this user name."
REFUSED = {
    **dict.fromkeys(
        ["o'brien", 'say"hi"', "\u201ccurly\u201d", "a😀b", "two words", "<b>"], LETTERS
    ),
    **dict.fromkeys(["a/b", "a\\b", "a;b", "=1+1", "@SUM(A1)", "%", "{{7*7}}"], LETTERS),
    # Marks that stand on no letter.
    **dict.fromkeys(["\u0301x", "7\u20e3", "@\u0301"], LETTERS),
    **dict.fromkeys(["abc\u202edef", "\u200fabc", "a\u200bb", "tab\tx"], LETTERS),
    **dict.fromkeys(["\u3164", "x\u115f"], UNSEEN),
    **dict.fromkeys(["olga", "OLGA", "ＯＬＧＡ", "𝓞𝓵𝓰𝓪", " olga\u00a0"], TAKEN),
    # With a letter of Cyrillic or Greek in it, which is drawn as the Latin one.
    **dict.fromkeys(["\u043elga", "olg\u0430", "\u03bflga"], TAKEN),
    "a" * 151: "At most 150 characters; this has 151.",
}


@pytest.fixture
def mailing(settings: Any) -> None:
    settings.EMAIL_CONFIGURED, settings.DEFAULT_FROM_EMAIL = True, "panel@panel.example"


@pytest.mark.parametrize(("typed", "kept"), GIVEN.values(), ids=GIVEN)
def test_a_name_of_any_kind_is_invited_signs_in_and_is_on_the_record(
    admin: Client, mailing: None, typed: str, kept: str
) -> None:
    code = invite(admin, username=typed, email="nina@panel.example", roles=["Auditor"])
    client, answer = join(code)
    assert answer["Location"] == "/"
    assert User.objects.filter(username=kept).exists()
    assert f"Your user name is {kept}." in mail.outbox[-1].body.replace("\n", " ")
    upper = kept.upper() if len(kept.upper()) == len(kept) else kept
    of_others = Entry.objects.filter(action="signed_in").exclude(actor_name="ada")
    for spelling in {kept, upper, kept.lower(), f" {kept} ", unicodedata.normalize("NFD", kept)}:
        if len(spelling) <= EMAIL:
            before = of_others.count()
            sign_in(spelling, PASSWORD)
            assert of_others.count() == before + 1, spelling
    assert set(of_others.values_list("actor_name")) == {(kept,)}
    for page in (client.get("/"), client.get("/changes/", {"kind": "events", "who": kept})):
        assert page.status_code == 200
        assert kept in told(page)
    person = User.objects.get(username=kept)
    assert kept in told(admin.get(f"/people/{person.pk}/"))
    export = f"/changes/export/?kind=events&action=signed_in&who={kept.replace('+', '%2B')}"
    as_json = json.loads(streamed(client.post(export, {"format": "json"})))
    assert {event["who"] for event in as_json} == {kept}
    file = streamed(client.post(export, {"format": "csv"})).removeprefix("\ufeff")
    cells = {row["who"] for row in csv.DictReader(io.StringIO(file))}
    assert cells == {f"'{kept}" if kept[0] in "-+@=" else kept}


def test_what_is_no_name_is_said_and_stays_typed(admin: Client) -> None:
    make_person("olga", "Operator")
    for name, why in REFUSED.items():
        page = admin.post("/people/invite/", FORM | {"username": name})
        assert page.status_code == 422, ascii(name)
        assert why in told(page), ascii(name)
        assert page.context["form"]["username"].value() == name
    assert not Invitation.objects.exists()


@pytest.mark.parametrize("name", ["\u3164", "x\u115f"])
def test_nor_is_it_given_in_the_administration(admin: Client, name: str) -> None:
    User.objects.create_superuser("root", "root@panel.example", "long-enough-for-root-7")
    form = {"username": name, "usable_password": "true"}
    form |= {"password1": "a-long-new-password-7", "password2": "a-long-new-password-7"}
    page = sign_in("root", "long-enough-for-root-7").post("/admin/auth/user/add/", form)
    assert UNSEEN in told(page)


def test_failed_attempts_are_counted_for_a_name_however_it_is_typed(admin: Client) -> None:
    make_person("zoë", "Operator")
    for spelling in ("zoë", "ZOË", "zoe\u0308", "ＺＯË", " Zoë"):
        assert not signed_in(sign_in(spelling, "a wrong one"))
    assert "Too many" in told(
        Client().post("/accounts/login/", {"login": "zoë", "password": "a wrong one"})
    )


def test_who_was_invited_under_such_a_name_before_is_told(admin: Client) -> None:
    code = invite(admin)
    Invitation.objects.update(username="nina\u3164")
    _, answer = join(code)
    assert answer.status_code == 422
    assert "This user name has characters that nobody can see. Ask for another one." in told(answer)
