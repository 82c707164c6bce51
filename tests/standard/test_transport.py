"""TLS towards Core, and other things that are set rather than done."""

import ssl
from typing import Any

import pytest
from django.test import Client

from adminpanel.checks import reasons_not_to_start
from pools.core.transport import _tls_context
from tests.fixtures.panel import SignIn


def test_core_is_spoken_to_in_tls_1_2_or_1_3_with_a_checked_certificate() -> None:
    context = _tls_context(None)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert context.maximum_version in (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.MAXIMUM_SUPPORTED)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_no_cipher_is_weak() -> None:
    ciphers = _tls_context(None).get_ciphers()
    assert {cipher["strength_bits"] for cipher in ciphers} <= {128, 256}
    weak = ("NULL", "RC4", "DES", "MD5", "EXPORT", "anon")
    assert [cipher["name"] for cipher in ciphers if any(w in cipher["name"] for w in weak)] == []


def test_the_newest_protocol_comes_first() -> None:
    assert _tls_context(None).get_ciphers()[0]["protocol"] == "TLSv1.3"


def test_debugging_is_refused_beyond_loopback(settings: Any) -> None:
    settings.DEBUG, settings.ALLOWED_HOSTS = True, ["panel.example"]
    assert any("DEBUG" in reason for reason in reasons_not_to_start())
    settings.DEBUG = False
    assert not any("DEBUG" in reason for reason in reasons_not_to_start())


@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_file_has_a_name_of_the_panels_own(sign_in_as: SignIn, form: str) -> None:
    client: Client = sign_in_as("Manager")
    asked = {"format": form, "filename": "../../evil.html", "name": "evil"}
    refused = client.post("/c/acme/changes/export/?filename=evil.html", asked)
    assert refused.status_code == 400
    assert "Content-Disposition" not in refused
    answer = client.post("/c/acme/changes/export/", asked)
    name = answer["Content-Disposition"]
    assert name.startswith('attachment; filename="changes-acme-2')
    assert name.endswith(f'.{form}"')
    assert "evil" not in name
    assert answer["X-Content-Type-Options"] == "nosniff"
