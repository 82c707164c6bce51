"""Evidence of a list of changes: its making, its run and each change of it."""

from typing import Any

import pytest
from django.test import Client

from pools.ledger.signed_checkpoints import public_keys
from pools.models import Batch, Company, Entry
from pools.models.batch import Operation
from sandbox.running import RunningSandbox
from tests.batches.lists import frozen
from tests.evidence.conftest import Kept, files_in
from tests.evidence.verifier import Checked
from tests.fixtures.panel import SignIn, person_of, told
from tests.fixtures.place import Place


@pytest.fixture
def place(core: RunningSandbox, acme: Company) -> Place:
    return Place(core, core.company("acme"), acme, core.company("acme").pools()[0].id)


def ran(place: Place, client: Client) -> Batch:
    """A list of three pools whose limit was set."""
    ids = [pool.id for pool in place.at_core.pools()[:3]]
    batch = frozen(place, person_of(client), Operation.LIMIT, {"to": 99}, ids)
    client.post(f"/c/acme/batches/{batch.pk}/run/", {"start": "1"}, follow=True)
    return batch


def test_a_list_is_proved_with_each_of_its_changes(
    manager: Client, place: Place, sign_in_as: SignIn, kept: Kept, check: Checked, settings: Any
) -> None:
    batch, _ = ran(place, manager), ran(place, manager)
    page = f"/c/acme/batches/{batch.pk}/"
    address = f"{page}evidence/"
    assert address in manager.get(page).content.decode()
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
