"""The page that explains the words of the panel."""

import re

from django.urls import reverse

from adminpanel.settings import BASE_DIR
from tests.fixtures.panel import SignIn


def test_every_link_to_a_word_leads_to_its_place(sign_in_as: SignIn) -> None:
    page = sign_in_as("Read-only", token=None).get(reverse("pools:help")).content.decode()
    places = set(re.findall(r' id="([\w-]+)"', page))
    templates = (file.read_text() for file in (BASE_DIR / "templates").rglob("*.html"))
    linked = set(re.findall(r'words_link\(word="([\w-]+)"', " ".join(templates)))
    assert len(linked) > 3
    assert linked <= places
    assert 'href="/help/"' in page.partition('<footer class="foot">')[2]
