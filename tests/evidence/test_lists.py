"""Evidence of a list of changes: its making, its run and each change of it."""

from typing import Any

import pytest
from django.test import Client

from pools.ledger.signing import public_keys
from pools.models import Company, Entry
from sandbox.running import RunningSandbox
from tests.evidence.conftest import Kept, files_in
from tests.evidence.verifier import Checked
from tests.fixtures.panel import SignIn, told
from tests.fixtures.place import Place
from tests.views.test_batches import list_of, page_of, run


@pytest.fixture
def place(core: RunningSandbox, acme: Company) -> Place:
    return Place(core, core.company("acme"), acme, core.company("acme").pools()[0].id)


def test_a_list_is_proved_with_each_of_its_changes(
    manager: Client, place: Place, sign_in_as: SignIn, kept: Kept, check: Checked, settings: Any
) -> None:
    batch = list_of(place, manager)
    run(manager, batch)
    run(manager, list_of(place, manager))
    address = f"{page_of(batch)}evidence/"
    assert address in manager.get(page_of(batch)).content.decode()
    assert "A zip file with 3 changes" in told(manager.get(address))
    file = kept(manager.post(address))
    lines = files_in(file)["rows.txt"].splitlines()[:-1]
    numbers = list(
        Entry.objects.filter(batch=batch.pk).order_by("seq").values_list("seq", flat=True)
    )
    assert [int(line.split(b"|")[1]) for line in lines] == numbers
    assert len(numbers) > 9
    said = check("bundle", file, "--key", public_keys()[0])
    assert said.code == 0, said
    assert "A selection ('The list “Set limit to 99” of 3 pools in Acme')" in said.text
    assert sign_in_as("Operator", token=None).post(address).status_code == 404
