"""How many attempts are allowed, and where they are counted: the cache in the database.

Named by the settings, which load before the models: nothing here may need them.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import Error as AnyDatabaseError
from django.db import connection

from pools.database_faults import cause_of

# As allauth writes them: how many, in which time, for each what. docs/inventories.md has them.
RATE_LIMITS: Final = {
    "login": "30/m/ip",
    # Failed ones, from an address and for a name: five in five minutes lock sign-in for that
    # name. A browser that its owner has used counts for itself.
    "login_failed": "10/m/ip,5/5m/key",
    "invitation": "20/m/ip",
    # Links to a new password: asking for them, from an address and for a name; using them.
    "reset_password": "10/m/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
}


class CountingCache(DatabaseCache):
    """Django's, which answers "it is there already" when the database accepts nothing.

    allauth then reports too many attempts. Here it is the database's own error.
    """

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        with _refusals_raised():
            return super().add(key, value, timeout, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: Any = None) -> Any:
        with _refusals_raised():
            return super().set(key, value, timeout, version)


@contextmanager
def _refusals_raised() -> Iterator[None]:
    """Raises, at the end, what the database refused in between."""
    refused: list[AnyDatabaseError] = []

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        try:
            return execute(sql, params, many, context)
        except AnyDatabaseError as error:
            if cause_of(error):
                refused.append(error)
            raise

    with connection.execute_wrapper(watch):
        yield
    if refused:
        raise refused[0]
