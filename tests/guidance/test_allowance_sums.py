"""What pools take of an allowance, held against a plain reckoning over generated companies."""

import random

import pytest
from django.contrib.auth.models import User
from django.db.models.expressions import RawSQL
from django.utils import timezone

from pools.catalogue.keeping import keep
from pools.guidance.allowance_sums import Share, weighed
from pools.guidance.allowances import set_allowance
from pools.guidance.gathering import kept_beside, kept_in
from pools.ledger.appending import Actor
from pools.models import Company, Reading, Token
from tests.guidance.reckoning import ALLOWED, generated, plainly, pools_of, told, wrong

ANA = Actor(7, "ana", "192.0.2.1")


def test_no_sum_of_many_generated_companies_is_wrong() -> None:
    assert wrong(1, 300) == []


@pytest.mark.parametrize("seed", range(8))
def test_the_database_groups_pools_as_the_reckoning_has_them(
    db: None, acme: Company, seed: int
) -> None:
    case = generated(random.Random(seed))
    for each in ALLOWED.values():
        set_allowance(acme, each.system, each.number, by=ANA)
    keep(acme, pools_of(case))
    if case.whole:
        now = timezone.now()
        Reading.objects.create(company=acme, origin=1, by="ana", began_at=now, ended_at=now)
    stranger = Company.objects.create(name="N", slug="n", base_url="https://core.example")
    keep(stranger, pools_of(case))
    user = User.objects.create_user("ana")
    Token.objects.create(user=user, company=acme, kind="api_key", created_at=timezone.now())
    rows = Token.objects.select_related("company")
    kept = kept_in(rows.annotate(beside=RawSQL(*kept_beside(1))).get().beside)
    assert told(kept.shares(None, case.limits[0])) == plainly(case)


@pytest.mark.parametrize(
    ("own", "limit", "says"),
    [(5, 12, True), (5, 11, False), (5, 5, False), (20, 18, False), (None, 12, True)],
)
def test_only_more_than_now_goes_above(own: int | None, limit: int, says: bool) -> None:
    share = Share("NetSuite", 15, others=4, own=own, pools=2, at_least=False)
    assert share.is_exceeded_by(limit) is says


def test_the_record_keeps_the_sums_that_a_limit_makes() -> None:
    share = Share("NetSuite", 15, others=4, own=5, pools=2, at_least=True)
    assert weighed([share], None) == []
    assert weighed([share], 12) == [
        {"system": "NetSuite", "allowance": 15, "given": 16, "at_least": True}
    ]
