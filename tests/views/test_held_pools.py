"""A form of a pool that waits for an earlier change: it comes back with what was known of it."""

import pytest
from django.test import Client

from sandbox.running import RunningSandbox
from tests.fixtures.panel import told
from tests.views.changing import ONE_POOL, open_form, unknown_edit


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("clear", "{}: requests of all of them are dropped"),
        ("delete", "Its connectors will have no limit"),
    ],
)
def test_its_connectors_are_those_that_the_form_was_opened_with(
    manager: Client, core: RunningSandbox, deed: str, said: str
) -> None:
    pool = ONE_POOL
    address = f"/c/acme/pools/{pool}/{deed}/"
    page = manager.get(address)
    connectors, name = len(page.context["pool"].connectors), page.context["pool"].name
    form = open_form(manager, address, confirm_name=name)
    unknown_edit(manager, core, pool)
    answer = manager.post(address, form)
    assert answer.status_code == 409
    assert said.format(connectors) in told(answer)
    assert "Patchworks didn't say" not in told(answer)


def test_of_a_pool_without_connectors_no_name_has_to_be_typed(
    manager: Client, core: RunningSandbox
) -> None:
    pool = core.company("acme").add_pool("Lonely").id
    address = f"/c/acme/pools/{pool}/delete/"
    form = open_form(manager, address)
    unknown_edit(manager, core, pool)
    answer = manager.post(address, form)
    assert answer.status_code == 409
    assert "No connectors use it." in told(answer)
    assert not answer.context["form"].name_required
