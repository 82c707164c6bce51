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


def test_the_keys_are_there_without_a_script_and_can_be_switched_off(sign_in_as: SignIn) -> None:
    client = sign_in_as("Read-only", token=None)
    page = client.get("/help/")
    keys = page.text.partition('id="keyboard"')[2].partition("</section>")[0]
    assert ("Find pools" in keys, "New pool" in keys) == (True, False)
    answer = client.post("/keys/", {"keys": "off", "next": "/help/#keyboard"})
    assert answer["Location"] == "/help/#keyboard"
    assert 'data-single-keys="off"' in client.get("/help/").text
    assert client.post("/keys/", {"keys": "on"}).status_code == 204
