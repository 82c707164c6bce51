"""The demo companies: the same every time, but for their keys."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sandbox.store import ROLES, Store, moment

ACME_POOLS: Final = 257
FIRST_DAY: Final = datetime(2024, 2, 5, 8, 15, tzinfo=UTC)
SYSTEMS: Final = (
    "NetSuite",
    "Shopify",
    "BigCommerce",
    "Adobe Commerce",
    "Amazon Seller Central",
    "Brightpearl",
    "Business Central",
    "Centra",
    "Cin7",
    "Dynamics 365",
    "eBay",
    "HubSpot",
    "Klaviyo",
    "Linnworks",
    "Mirakl",
    "Peoplevox",
    "PrestaShop",
    "Sage 200",
    "Salesforce",
    "SAP Business One",
    "Sendcloud",
    "ShipStation",
    "WooCommerce",
    "Zendesk",
)
FLOWS: Final = (
    "orders",
    "inventory",
    "products",
    "customers",
    "refunds",
    "fulfilments",
    "prices",
    "invoices",
    "returns",
    "purchase orders",
)
LIMITS: Final = (1, 2, 3, 4, 5, 5, 8, 10, 10, 15, 20, 25, 50, 100, 250)
TIMEOUTS: Final = (None, 30, 60, None, 90, 120, 300, None, 600, 5, 900)
REGIONS: Final = ("EU", "UK", "US", "wholesale", "staging")

AWKWARD_NAMES: Final = (
    "<b>Bold</b> orders",
    "<script>alert('pool')</script>",
    "Quotes \"double\" and 'single'",
    "Ampersands & entities &amp; &lt;",
    "Backslash \\ slash / pipe |",
    "Orders, refunds, returns",
    "Percent 100%_done",
    "Füllmengen für Größe L – Köln",
    "Złote zamówienia – Łódź",
    "日本の注文プール",
    "Заказы для склада № 3",
    "حوض اتصالات الطلبات",
    "מאגר חיבורים להזמנות",
    "left \u202eright to left\u202c left",
    "🚚 Deliveries 📦",
    "👩‍👩‍👧‍👦 Family 🇪🇺 flags",
    "Zalgo o\u0301\u0327\u0323r\u0308\u0330d\u0306e\u0325r\u030as\u032c",
    "Zero\u200bwidth\u200bspaces",
    "{{ template }} {% block %} ${shell} `tick`",
    "=SUM(A1:A9)",
    "-1+1",
    "NULL",
    "0",
    "a",
    "'; DROP TABLE pools; --",
    "../../etc/passwd",
    "Line\nbreak and\ttab",
    "Many   inner    spaces",
    "W" * 255,
    "Long words of a long name " * 9 + "end of 255 characters",
)


def seed(store: Store, password: str, *, vast_pools: int = 0) -> None:
    """Fill an empty store; `vast_pools` adds a company `vast` with that many pools.

    Everybody who can sign in has this password; their e-mails are `<role>@<company>.example`.
    """
    with store.transaction():
        for slug in ("acme", "northwind", "blank", *(("vast",) if vast_pools else ())):
            company_id = store.add_company(slug)
            emails = {role: f"{role}@{slug}.example" for role in ROLES}
            store.add_people(company_id, emails, password)
        companies = store.companies()
        _add_pools(store, companies["acme"], _acme_names())
        _add_pools(store, companies["northwind"], ("Shopify orders", "NetSuite", "Returns desk"))
        if vast_pools:
            _add_pools(store, companies["vast"], _vast_names(vast_pools))


def _acme_names() -> Iterator[str]:
    """Realistic names with an awkward one every few rows, so that every page shows some."""
    awkward = iter(AWKWARD_NAMES)
    plain = (f"{system} {flow}" for flow in FLOWS for system in SYSTEMS)
    for number in range(ACME_POOLS):
        # After the plain names have started, so that a first page does not frighten.
        name = next(awkward, None) if number % 8 == 3 else None
        if name is None:
            name = next(plain)
            name = f"{name} {REGIONS[number % 5]}" if number % 3 == 2 else name
        yield name


def _vast_names(count: int) -> Iterator[str]:
    for number in range(count):
        system, flow = SYSTEMS[number % len(SYSTEMS)], FLOWS[number % len(FLOWS)]
        yield f"{system} {flow} {number:06d}"


def _add_pools(store: Store, company_id: int, names: Any) -> None:
    for number, name in enumerate(names):
        created = FIRST_DAY + timedelta(hours=71 * number % 19_000, minutes=13 * number % 60)
        changed = created + timedelta(days=number * number % 97, minutes=7 * number % 600)
        pool = store.add_pool(
            company_id,
            name,
            LIMITS[number * 7 % len(LIMITS)],
            TIMEOUTS[number * 3 % len(TIMEOUTS)],
            created_at=moment(created),
            updated_at=moment(changed),
            pending=number * 37 % 113 if number % 4 == 1 else 0,
        )
        for connector in _connectors(number, pool.name):
            store.add_connector(pool.id, connector)


def _connectors(number: int, pool_name: str) -> Iterator[dict[str, Any]]:
    """None to seven of them; a few with parts missing, as untyped objects may be."""
    home = next((at for at, name in enumerate(SYSTEMS) if pool_name.startswith(name)), number % 5)
    # The first pool is what a newcomer opens: it has something hanging on it.
    count = 4 if number == 0 else number * 5 % 8 if number % 6 else 0
    for at in range(count):
        system = (home if at < 4 else home + at) % len(SYSTEMS)
        connector: dict[str, Any] = {
            "name": f"{SYSTEMS[system]} {('live', 'sandbox', 'backup', 'EU')[at % 4]}",
            "system_id": system + 1,
            "system": {"id": system + 1, "name": SYSTEMS[system]},
        }
        if number % 50 == 7 and at == 1:
            connector["system"] = None
        if number % 50 == 13 and at == 0:
            del connector["name"]
        yield connector
