"""People of the panel with tokens and sessions: run in the panel's environment.

`python -m tests.bench.cast PEOPLE CORE_URL CORE_KEYS` prints the keys of their sessions.
"""

import json
import sys
from typing import Final

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.test import Client  # noqa: E402

from pools.models import Company  # noqa: E402
from tests.fixtures.panel import give_token, make_person  # noqa: E402

# Nobody signs in with one of these passwords: what guards them would take most of the time.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


# The company of Core's that each one's pools are read from.
CORES: Final = {"acme": "acme", "small": "acme", "vast": "vast"}


def fill(people: int, core_url: str, keys: dict[str, str]) -> list[str]:
    """The first one is everybody's: a superuser with a token for each company."""
    companies = [
        Company.objects.create(slug=slug, name=slug.title(), base_url=core_url) for slug in CORES
    ]
    sessions = []
    for number in range(people):
        person = make_person(f"bench-{number}", "Manager")
        if number == 0:
            person.is_superuser = person.is_staff = True
            person.save()
        for company in companies if number == 0 else companies[:1]:
            give_token(person, company, keys[CORES[company.slug]])
        client = Client()
        client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
        sessions.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return sessions


if __name__ == "__main__":
    print(json.dumps(fill(int(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3]))))
