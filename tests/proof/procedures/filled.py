"""A panel with something of everything, and what must still be true of it elsewhere.

Run inside a deployment's own process: see `Deployment.python`.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.utils import timezone

from pools.accounts.second_factors import PURPOSE
from pools.changes import ProposedChange, Snapshot, make_change
from pools.core import ApiKey, CoreClient, CoreLimits, PoolChanges
from pools.ledger.appending import Actor, head, record_event
from pools.ledger.chain import COLUMNS, FIRST, VERSION, digest_of, writing_key
from pools.models import Company, Entry, Invitation, Token
from pools.models.index_term import index
from pools.models.vocabulary import Action, Kind
from pools.secret import Secret
from pools.tokens.keeping import binding_of
from pools.tokens.vault import Binding, keep_canary, seal, unseal, unseal_for
from tests.fixtures.leases import take_lease
from tests.tokens.sealing import sealed_before

TOKEN = "a-token-that-opens-for-ada-alone"
NOW = timezone.now()


def fill(changes: int = 20) -> dict[str, Any]:
    """People with roles, a session, a second factor, a sealed token, and a ledger.

    Ids have gaps: a copy that numbers rows anew is noticed. Returns what a `Filled` says.
    """
    User.objects.create(username="passing")
    User.objects.filter(username="passing").delete()
    ada = User.objects.create_superuser("ada", "ada@panel.example", "correct-horse-42")
    ada.groups.add(Group.objects.get(name="Manager"))
    company = Company.objects.create(
        name="Ácme “Ltd”",
        slug="acme",
        base_url="https://core.example",
        reason_required_for=["edit"],
    )
    _token(ada, company)
    session = _sign_in(ada)
    TOTP.activate(ada, generate_totp_secret())
    Invitation.objects.create(
        code_hash="f" * 64,
        username="grace",
        roles=["Operator"],
        invited_by="ada",
        created_at=NOW,
        expires_at=NOW + timedelta(days=7),
    )
    append_changes(changes)
    take_lease(Entry.objects.get(change=FIRST_CHANGE, kind=Kind.INTENT))
    return {"session": session, "state": state(), "head": f"{head().seq} {head().digest}"}


def _token(owner: User, company: Company) -> None:
    keep_canary()
    token = Token(
        user=owner,
        company=company,
        kind=Token.Kind.API_KEY,
        fingerprint="abc",
        created_at=NOW,
        confirmed_at=NOW,
        opens_names=["Órders", "Returns"],
        opens_ids=[1, 2**40],
        opens_total=2,
    )
    token.sealed = seal(Secret(TOKEN), binding_of(token))
    token.save()


def _sign_in(person: User) -> str:
    """The key of a new session."""
    client = Client()
    client.force_login(person, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client.cookies[settings.SESSION_COOKIE_NAME].value


# The one that is unknown.
FIRST_CHANGE = uuid.UUID(int=1)


def append_changes(count: int, at_once: int = 5000) -> None:
    """Appends an event and so many changes of two entries each."""
    assert head().seq == 0
    with transaction.atomic():
        previous = record_event("tested", Actor(1, "ada")).digest
    for start in range(2, 2 * count + 2, at_once):
        end = min(start + at_once, 2 * count + 2)
        batch = list(chained(Entry, range(start, end), previous, begin=2))
        previous = batch[-1].digest
        with transaction.atomic():
            Entry.objects.bulk_create(batch)
            index(batch)


def chained(model: Any, numbers: range, previous: str, begin: int) -> Iterator[Any]:
    """Entries of these numbers, two a change, with odd names.

    `begin` is the number of the first change's intent. That change is unknown, the others
    are done.
    """
    key_id, key = writing_key()
    for seq in numbers:
        first = (seq - begin) % 2 == 0
        entry = model(
            seq=seq,
            version=VERSION,
            at=NOW + timedelta(microseconds=seq * 1000 * (seq % 3)),
            kind=Kind.INTENT if first else Kind.OUTCOME,
            change=uuid.UUID(int=(seq - begin) // 2 + 1),
            form=uuid.uuid4() if first else None,
            actor_id="1",
            actor_name="ada",
            company="acme",
            pool_id="7",
            pool_name=f"Órders № {seq} 😀",
            action="edit",
            outcome="" if first else "unknown" if seq == begin + 1 else "done",
            reason=f"T-{seq}: stuck again",
            facts=json.dumps({"limit": seq}, separators=(",", ":")),
            key_id=key_id,
            previous=previous,
        )
        columns = tuple(getattr(entry, column) for column in COLUMNS)
        previous = entry.digest = digest_of(columns, key)
        yield entry


def fill_earlier(migration: str) -> str:
    """A person with a token and some changes, as an earlier version's tables hold them.

    JSON: all entries as a digest, and the head.
    """
    loader = MigrationExecutor(connection).loader
    earlier = loader.project_state(("pools", migration)).apps
    models = {
        name: earlier.get_model("pools", name) for name in ("Company", "Entry", "Lease", "Token")
    }
    ada = earlier.get_model("auth", "User").objects.create(username="ada")
    company = models["Company"].objects.create(
        name="Acme", slug="acme", base_url="https://core.example"
    )
    keep_canary()
    token = models["Token"](
        user=ada, company=company, kind="api_key", created_at=NOW, confirmed_at=NOW
    )
    binding = Binding(ada.pk, token.pk, company.base_url, "acme", "api_key")
    token.sealed = sealed_before(Secret(TOKEN), binding)
    token.save()
    made = list(chained(models["Entry"], range(1, 13), FIRST, begin=1))
    models["Entry"].objects.bulk_create(made)
    models["Lease"].objects.create(
        company="acme", pool_key="7", change=FIRST_CHANGE, held_since=made[0].at
    )
    return json.dumps([entries(), f"{made[-1].seq} {made[-1].digest}"])


def entries(upto: int | None = None) -> str:
    """Every entry, as one digest; or those up to a number."""
    some = Entry.objects.all() if upto is None else Entry.objects.filter(seq__lte=upto)
    rows = some.order_by("seq").values_list(*COLUMNS)
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def core_at(url: str, key: str) -> CoreClient:
    return CoreClient(url, ApiKey(Secret(key)), CoreLimits())


def set_limit(url: str, key: str, limit: str) -> None:
    """Changes pool 1 of the company, through the ledger."""
    core = core_at(url, key)
    change = ProposedChange(
        company=Company.objects.get(),
        action=Action.EDIT,
        pool_id=1,
        seen=Snapshot.from_pool(core.get_pool(1)),
        fields=None,
        changed=PoolChanges(limit=int(limit)),
        reason="",
        form_id=uuid.uuid4(),
        actor=Actor(1, "ada"),
    )
    assert make_change(core, change).outcome == "done"


def state() -> dict[str, Any]:
    """Every row of every table, as digests, the same whichever database holds them."""
    found = {}
    for model in apps.get_models(include_auto_created=True):
        names = [field.attname for field in model._meta.concrete_fields if field.column]
        rows = model._base_manager.order_by("pk").values_list(*names)
        text = "\n".join(repr(row) for row in rows)
        found[model._meta.db_table] = [len(rows), hashlib.sha256(text.encode()).hexdigest()]
    return found


def secrets_open() -> bool:
    """Whether the sealed token and the seed of the second factor open."""
    factor = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    return token_opens() and len(unseal_for(PURPOSE, factor.data["secret"]).reveal()) > 10


def token_opens() -> bool:
    token = Token.objects.select_related("company", "user").get()
    return unseal(token.sealed, binding_of(token)).reveal() == TOKEN


def new_rows_fit() -> None:
    """What is added goes on from the highest ids: the sequences know what was copied."""
    for model in (User, Company):
        highest = max(model.objects.values_list("pk", flat=True), default=0)
        fields = {"username": "new"} if model is User else {"slug": "new"}
        assert model.objects.create(**fields).pk > highest, model
    with transaction.atomic():
        record_event("tested", Actor(1, "ada"))


def still_signed_in(session: str) -> bool:
    client = Client()
    client.cookies[settings.SESSION_COOKIE_NAME] = session
    return (
        client.get("/account/", headers={"Host": "panel.example"}, secure=True).status_code == 200
    )


def keep_appending() -> None:
    """Appends an entry after the other until it is killed; says so after each."""
    while True:
        with transaction.atomic(durable=True):
            record_event("tested", Actor(1, "ada"))
        print(head().seq, flush=True)
        time.sleep(0.005)
