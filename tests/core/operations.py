"""The six operations, each with an answer that earns it *done*."""

from collections.abc import Callable
from typing import Any

from pools.core import CoreClient, PoolChanges, PoolFields, PoolQuery
from tests.core.raw_server import Received, json_answer

POOL = {
    "id": 7,
    "name": "orders",
    "limit": 5,
    "timeout": None,
    "created_at": "2026-05-01T10:00:00.000000Z",
    "updated_at": "2026-05-02T10:00:00.000000Z",
}

Operation = Callable[[CoreClient], Any]

READS: dict[str, Operation] = {
    "list": lambda core: core.list_pools(PoolQuery()),
    "get": lambda core: core.get_pool(7),
}
WRITES: dict[str, Operation] = {
    "create": lambda core: core.create_pool(PoolFields("orders", 5, None)),
    "update": lambda core: core.update_pool(7, PoolChanges(limit=5)),
    "delete": lambda core: core.delete_pool(7),
    "clear": lambda core: core.clear_pool(7),
}
OPERATIONS = READS | WRITES

GOOD: dict[str, object] = {
    "list": {"data": [POOL], "meta": {"current_page": 1, "per_page": 25, "total": 1}},
    "get": {"data": POOL},
    "create": {"data": POOL},
    "update": {"data": POOL},
    "delete": {"message": "Deleted."},
    "clear": {},
}


def operation_of(request: Received) -> str:
    """Which operation a request is."""
    path = request.target.partition("?")[0]
    if path.endswith("/clear"):
        return "clear"
    if request.method == "GET":
        return "list" if path.endswith("/connection-pools") else "get"
    return {"POST": "create", "PUT": "update", "DELETE": "delete"}[request.method]


def good_core(request: Received, connection: object) -> bytes:
    """Answers every operation well."""
    return json_answer(GOOD[operation_of(request)])
