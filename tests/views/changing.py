"""Changes made through the pages, as a person makes them."""

import uuid
from typing import Any

from django.test import Client

from pools.models import Entry
from sandbox.running import RunningSandbox
from tests.fixtures.clock import a_minute_later

NEW = "/c/acme/pools/new/"
# A pool of acme, as seeded, that has connectors, a limit and a name.
ONE_POOL = 1


def open_form(client: Client, address: str, **values: str) -> dict[str, str]:
    """The form as the page gives it, filled in with `values`."""
    page = client.get(address)
    form = page.context["form"]
    filled = {name: form[name].value() for name in form.fields}
    filled = {name: "" if value is None else str(value) for name, value in filled.items()}
    return filled | values


def writes(core: RunningSandbox) -> list[tuple[str, str]]:
    return [(r.method, r.path) for r in core.journal if r.method != "GET"]


def outcomes() -> list[str]:
    found = Entry.objects.filter(kind="outcome").order_by("seq")
    return list(found.values_list("outcome", flat=True))


def dialog(client: Client, address: str, form: dict[str, str], page: str) -> Any:
    headers = {
        "HX-Request": "true",
        "HX-Target": "dialog-body",
        "HX-Current-URL": f"http://testserver{page}",
    }
    return client.post(address, form, headers=headers)


def edit(client: Client, pool: int, **values: str) -> uuid.UUID:
    """An edit made through the panel, and its outcome looked at; its id."""
    address = f"/c/acme/pools/{pool}/edit/"
    client.post(address, open_form(client, address, **values), follow=True)
    return newest()


def newest() -> uuid.UUID:
    change = Entry.objects.filter(kind="intent").order_by("-seq").values_list("change", flat=True)
    found = change.first()
    assert found is not None
    return found


def revert_of(change: uuid.UUID) -> str:
    return f"/c/acme/changes/{change}/revert/"


def unknown_edit(client: Client, core: RunningSandbox, pool: int) -> uuid.UUID:
    """An edit that Core did not answer clearly, and did not make."""
    address = f"/c/acme/pools/{pool}/edit/"
    form = open_form(client, address, limit="77", reason="T-1")
    core.set_fault("status=500;only=writes")
    client.post(address, form)
    core.set_fault(None)
    change: uuid.UUID = client.get(f"/c/acme/pools/{pool}/").context["open_changes"][0].change_id
    return change


def check(client: Client, change: uuid.UUID, company: str = "acme", **values: str) -> Any:
    with a_minute_later():
        return client.post(f"/c/{company}/changes/{change}/check/", values, follow=True)
