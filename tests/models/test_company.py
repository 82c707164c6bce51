"""A company's addresses are checked by the service module's own rules."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command

from pools.models import Company


def company(**facts: Any) -> Company:
    address = "https://core.example"
    return Company(**{"name": "Acme", "slug": "acme", "base_url": address, **facts})


@pytest.mark.django_db
def test_an_address_is_kept_in_its_normal_form() -> None:
    acme = company(base_url="https://Core.Example:443/core-main/")
    acme.full_clean()
    assert acme.base_url == "https://core.example/core-main"


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["base_url", "sign_in_url"])
@pytest.mark.parametrize(
    "address",
    ["core.example", "ftp://core.example", "http://core.example", "https://a:b@core.example"],
)
def test_an_address_that_must_not_get_a_token_is_refused(field: str, address: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        company(**{field: address}).full_clean()
    assert list(refusal.value.message_dict) == [field]


@pytest.mark.django_db
def test_plain_http_is_allowed_where_the_settings_say_so() -> None:
    company(base_url="http://127.0.0.1:9100").full_clean()


@pytest.mark.django_db
def test_a_company_without_sign_in_is_one() -> None:
    company(sign_in_url="").full_clean()


@pytest.mark.django_db
def test_the_models_have_their_migrations() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
