"""The checks of a field: what the server judges by is what the browser is told."""

import json
from typing import Any

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from pools.accounts.forms import SignInForm
from pools.core.bounds import LIMIT, NAME, TIMEOUT
from pools.forms.batch_new import OrderForm
from pools.forms.checks import (
    BLANKS,
    BoundedTextField,
    CheckedForm,
    WholeNumberField,
    control_text,
)
from pools.forms.people import ForgottenForm, InviteForm, JoinForm
from pools.models import Company
from pools.wording.bulk_actions import OFFERS


class Pool(CheckedForm):
    name = BoundedTextField(bounds=NAME)
    limit = WholeNumberField(bounds=LIMIT)
    timeout = WholeNumberField(bounds=TIMEOUT)
    kind = forms.ChoiceField(choices=[("a", "A")])


def checks(form: forms.Form, field: str) -> Any:
    return json.loads(str(form[field].build_widget_attrs({})["data-checks"]))


def judged(field: str, text: str) -> list[str]:
    form = Pool(QueryDict(mutable=True) | {"name": "n", "limit": "1", "kind": "a", field: text})
    return [str(said) for said in form.errors.get(field, [])]


@pytest.mark.parametrize(
    "typed",
    ["1.000", "1,000", "1 000", "1_000", "1e3", "+5", "0x10", "５", "٣", "५", "five", "1.0", "--1"],
)
def test_a_number_is_ascii_digits_alone(typed: str) -> None:
    assert judged("limit", typed) == ["Enter a whole number, using the digits 0 to 9 only."]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "At least 1."),
        ("-7", "At least 1."),
        (str(2**31), "At most 2147483647."),
        ("9" * 10_000, "At most 2147483647."),
        ("-" + "9" * 10_000, "At least 1."),
    ],
)
def test_a_number_beyond_a_bound_is_told_the_bound(typed: str, said: str) -> None:
    assert judged("limit", typed) == [said]
    assert judged("timeout", typed) == [said]


@pytest.mark.parametrize(("typed", "number"), [("5", 5), (" 12 ", 12), ("007", 7)])
def test_what_people_type_is_read(typed: str, number: int) -> None:
    assert WholeNumberField(bounds=LIMIT).clean(typed) == number
    assert WholeNumberField(bounds=LIMIT).clean(str(2**31 - 1)) == 2**31 - 1


def test_the_browser_is_told_the_very_bounds_and_sentences() -> None:
    form = Pool()
    required = ["required", "", "This field is required."]
    digits = ["digits", "", "Enter a whole number, using the digits 0 to 9 only."]
    least = ["least", "1", "At least 1."]
    largest = ["largest", "2147483647", "At most 2147483647."]
    longest = ["longest", "255", "At most 255 characters; this has {count}."]
    assert checks(form, "limit") == [required, digits, largest, least]
    assert checks(form, "timeout") == [digits, largest, least]
    assert checks(form, "name") == [required, longest]
    assert "data-checks" not in form["kind"].build_widget_attrs({})


def test_a_text_that_is_too_long_says_by_how_much() -> None:
    assert judged("name", "n" * 300) == ["At most 255 characters; this has 300."]
    assert judged("name", "😀" * 255) == []


@pytest.mark.parametrize(
    ("form", "field", "longest"),
    [
        (InviteForm, "username", 150),
        (InviteForm, "full_name", 150),
        (InviteForm, "email", 254),
        (JoinForm, "code", 100),
        (ForgottenForm, "login", 254),
        (SignInForm, "login", 254),
    ],
)
def test_what_was_pasted_too_long_is_told_so(
    form: type[forms.Form], field: str, longest: int
) -> None:
    pasted = "n" * longest
    if field == "email":
        pasted = f"n@{'e.' * ((longest - 6) // 2)}test"
    assert field not in form({field: pasted}).errors
    said = form({field: "n" + pasted}).errors[field]
    assert f"At most {longest} characters; this has {longest + 1}." in said


def test_a_blank_is_what_either_language_takes_for_one() -> None:
    assert set(BLANKS) >= {chr(code) for code in range(0x110000) if chr(code).isspace()}
    assert judged("name", "\ufeff \ufeff") == ["This field is required."]
    assert BoundedTextField(bounds=NAME).clean("\ufeff a \ufeff ") == "a"
    assert WholeNumberField(bounds=LIMIT).clean("5\ufeff") == 5


@pytest.mark.parametrize("value", ["Two\nlines", "a\r\nb", " out ", "\u2003x", "n" * 300, 2**70, 0])
def test_what_is_left_alone_comes_back_whole_and_is_not_judged(value: Any) -> None:
    field = (
        BoundedTextField(bounds=NAME) if isinstance(value, str) else WholeNumberField(bounds=LIMIT)
    )
    field.keep(value)
    assert field.clean(control_text(value)) == value
    with pytest.raises(ValidationError):
        field.clean("")


@pytest.mark.parametrize(
    ("field", "typed", "number"),
    [
        *[("limit_percent", typed, 50) for typed in ("50", "50%", "50 %", " 50\u00a0% ")],
        *[("limit_by", typed, 5) for typed in ("5", "+5")],
        ("limit_by", "-5", -5),
    ],
)
def test_what_people_write_around_a_number_is_no_mistake(
    acme: Company, field: str, typed: str, number: int
) -> None:
    form = order(acme, **{field: typed})
    assert (form.errors, form.how) == ({}, {field.removeprefix("limit_"): number})


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        *[
            ("limit_percent", typed, "Enter a whole number of per cent, for example 80.")
            for typed in ("50.5%", "%", "50%%", "1,000", "to 5", "+5")
        ],
        *[
            ("limit_by", typed, "Enter a whole number, for example 2 or -2.")
            for typed in ("2%", "+-5", "++5", "1.000", "by 2")
        ],
        ("limit_to", "50%", "Enter a whole number, using the digits 0 to 9 only."),
    ],
)
def test_what_no_number_is_says_what_to_enter(
    acme: Company, field: str, typed: str, said: str
) -> None:
    assert order(acme, **{field: typed}).errors == {field: [said]}


def order(company: Company, **typed: str) -> OrderForm:
    sent = QueryDict(mutable=True) | {"operation": "limit", "reason": "x", **typed}
    return OrderForm(sent, company=company, offers=OFFERS)


def test_a_field_that_can_be_negative_has_keys_with_a_minus(acme: Company) -> None:
    form = order(acme)
    widgets = [form.fields[name].widget for name in ("limit_by", "limit_to")]
    modes = [widget.attrs["inputmode"] for widget in widgets]
    assert modes == ["text", "numeric"]
    assert checks(form, "limit_percent")[0] == ["unit", "%", ""]
