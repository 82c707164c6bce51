"""The yardstick's database: tables, a person who is signed in, the rows of Core's first company.

Run in its environment: `python -m tests.bench.yardstick.fill` prints the key of the session.
"""

from typing import Any

import django

django.setup()

import requests  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from tests.bench.yardstick import settings  # noqa: E402
from tests.bench.yardstick.models import Row  # noqa: E402
from tests.bench.yardstick.paths import POOLS  # noqa: E402


def fill() -> str:
    call_command("migrate", run_syncdb=True, verbosity=0)
    Row.objects.bulk_create(_row(pool) for page in range(1, 4) for pool in _page(page))
    client = Client()
    client.force_login(User.objects.create_superuser("bench", password="correct-horse-42"))
    return client.cookies["sessionid"].value


def _page(number: int) -> list[dict[str, Any]]:
    answer = requests.get(
        f"{settings.CORE_URL}{POOLS}&per_page=100&page={number}",
        headers={"Authorization": settings.CORE_KEY},
        timeout=15,
    )
    answer.raise_for_status()
    pools: list[dict[str, Any]] = answer.json()["data"]
    return pools


def _row(pool: dict[str, Any]) -> Row:
    return Row(
        id=pool["id"],
        name=pool["name"],
        limit=pool["limit"],
        timeout=pool["timeout"],
        connectors=len(pool.get("connectors") or []),
        created=pool["created_at"],
        updated=pool["updated_at"],
    )


if __name__ == "__main__":
    print(fill())
