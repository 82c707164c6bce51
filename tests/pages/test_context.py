"""What every page has: how long the browser waits for an answer, what its forms are known by."""

import json

import pytest
from django.conf import LazySettings
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from pools.core import CoreLimits


@pytest.mark.django_db
def test_the_browser_waits_longer_than_a_change_or_checking_it_can_take(
    client: Client, settings: LazySettings
) -> None:
    settings.CORE_LIMITS = CoreLimits(deadline_seconds=15)
    settings.SETTLE_READS_APART_SECONDS = 14
    page = LexborHTMLParser(client.get("/accounts/login/").text)
    (meta,) = page.css('meta[name="htmx-config"]')
    patience = json.loads(meta.attributes["content"] or "")["timeout"]
    # A change shares one deadline, and the panel's own work has half a second beyond it; so do
    # the two reads of *Check again*, 14 seconds apart.
    assert patience == 29_500 + 15_000


def test_a_pages_forms_share_what_they_are_known_by(manager: Client) -> None:
    page = LexborHTMLParser(manager.get("/account/").text)
    inputs = page.css('input[name="csrfmiddlewaretoken"]')
    assert len(inputs) > 2
    assert len({each.attributes["value"] for each in inputs}) == 1
