"""The contract's own 401 and 403 have no body: each is a refusal, for all six operations."""

from typing import Final

import pytest
from django.test import Client
from django.utils import timezone

from pools.models import Lease, Token
from pools.tokens.state import TokenState, state_of
from sandbox.running import RunningSandbox
from tests.views.changing import NEW, ONE_POOL, open_form, outcomes, writes

STATES: Final = {401: TokenState.REFUSED, 403: TokenState.READY}


@pytest.mark.parametrize("code", STATES)
@pytest.mark.parametrize("operation", ["create", "update", "delete", "clear"])
def test_a_refused_change_holds_no_pool(
    manager: Client, core: RunningSandbox, operation: str, code: int
) -> None:
    page = {"create": "new", "update": "edit"}.get(operation, operation)
    address = NEW if operation == "create" else f"/c/acme/pools/{ONE_POOL}/{page}/"
    form = open_form(manager, address, **({"name": "Fresh"} if operation == "create" else {}))
    form["limit"] = "77"
    if operation == "delete":
        form["confirm_name"] = manager.get(address).context["pool"].name
    # A pool is read before it is changed; from the change on, everything is refused.
    core.set_fault(f"status={code},empty" + (";only=writes" if page == "new" else ";skip=1"))
    manager.post(address, form)
    assert (outcomes(), len(writes(core))) == (["refused"], 1)
    assert not Lease.objects.exists()
    assert state_of(Token.objects.get(), timezone.now()) is STATES[code]


@pytest.mark.parametrize("code", STATES)
@pytest.mark.parametrize("page", ["/c/acme/pools/", "/c/acme/pools/{pool}/"])
def test_a_refused_read_says_what_the_token_may_not(
    manager: Client, core: RunningSandbox, page: str, code: int
) -> None:
    address = page.format(pool=ONE_POOL)
    core.set_fault(f"status={code}")
    with_message = manager.get(address).context["problem"]
    core.set_fault(f"status={code},empty")
    without = manager.get(address).context["problem"]
    assert (without.title, without.next_href) == (with_message.title, with_message.next_href)
    assert state_of(Token.objects.get(), timezone.now()) is STATES[code]
