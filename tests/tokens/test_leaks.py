"""A token through everything that can go wrong with it: it is found in no report of it."""

import pickle
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from django.core import serializers
from django.core.management import call_command
from django.views.debug import ExceptionReporter
from django.views.decorators.debug import sensitive_variables

from pools.core import ApiKey, PoolQuery
from pools.models import Entry, Token
from pools.secret import Secret
from pools.tokens import keeping
from pools.tokens.keeping import binding_of
from pools.tokens.vault import seal, unseal
from pools.upkeep import resealing
from tests.fixtures.sampling import at_length
from tests.tokens.conftest import Place

ACTS: dict[str, Callable[[Place, Token], object]] = {
    "add": lambda place, token: place.add(),
    "confirm": lambda place, token: keeping.confirm_token(token, by=place.actor),
    "verify": lambda place, token: keeping.verify_token(token, by=place.actor),
    "use": lambda place, token: keeping.open_core(token).list_pools(PoolQuery()),
    "remove": lambda place, token: keeping.remove_token(token, by=place.actor),
    "reseal": lambda place, token: reseal_all(),
}
PARTS = [
    "pools.tokens.vault.AESGCM",
    "pools.tokens.vault.os.urandom",
    "pools.tokens.vault._encode",
    "pools.tokens.vault._decode",
    "pools.tokens.vault._header",
    "pools.tokens.keeping.record_event",
    "pools.tokens.keeping.keep_canary",
    "pools.tokens.keeping.fingerprint",
    "pools.tokens.keeping.CoreClient",
    "pools.tokens.keeping.CoreClient.list_pools",
    "pools.tokens.keeping.binding_of",
    "pools.upkeep.resealing.binding_of",
    "pools.models.Token.save",
    "pools.models.Token.__init__",
    "pools.secret.Secret.__init__",
]
# These seal, open and ask: each part is in the way of one of them.
EACH_PART = ("add", "verify", "reseal")
OTHER_ACTS = [act for act in ACTS if act not in EACH_PART]
FAULTS = [
    *(f"status={code}" for code in (400, 401, 403, 404, 422, 429, 500, 502)),
    *("status=500,html", "redirect=302", "reset=before", "hang=before,4", "cut=30", "nan"),
    *("deep-json", "duplicate-keys", "list-for-object", "endless-header", "set-cookie"),
]


def reseal_all() -> None:
    """As after a new key was put first, but with the same: every token is opened and sealed."""
    for token in Token.objects.select_related("company"):
        resealing._reseal(token)


def reports(error: BaseException) -> Iterator[str]:
    """Everything that may be shown or written down about an error."""
    reporter = ExceptionReporter(None, type(error), error, error.__traceback__)
    yield reporter.get_traceback_html()
    yield reporter.get_traceback_text()
    chain: BaseException | None = error
    while chain is not None:
        yield f"{chain} {chain!r} {chain.args!r} {vars(chain)!r}"
        chain = chain.__cause__ or chain.__context__


def break_part(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    @sensitive_variables()
    def fail(*arguments: Any, **named: Any) -> Any:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(part, fail)


@pytest.mark.parametrize(
    ("part", "acts"),
    [
        *((part, EACH_PART) for part in PARTS),
        *at_length((part, (act,)) for part, act in product(PARTS, OTHER_ACTS)),
    ],
)
def test_no_report_of_a_broken_part_shows_the_token(
    place: Place, acts: tuple[str, ...], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = place.add() if "confirm" in acts else place.in_use()
    break_part(monkeypatch, part)
    for act in acts:
        try:
            ACTS[act](place, token)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is looked through)
            for report in reports(error):
                assert place.key not in report, act


@pytest.mark.parametrize("fault", FAULTS)
def test_no_report_of_a_failing_core_shows_the_token(
    place: Place, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = place.in_use()
    place.sandbox.set_fault(fault)
    try:
        keeping.verify_token(token, by=place.actor)
    except Exception as error:  # noqa: BLE001  (whatever it is, it is looked through)
        for report in reports(error):
            assert place.key not in report
    assert place.key not in caplog.text


def test_the_reports_are_looked_through_in_earnest(place: Place) -> None:
    """The same search finds a token in a frame that nobody protects."""

    def careless(text: str) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError) as caught:
        careless(place.key)
    assert any(place.key in report for report in reports(caught.value))


def test_no_row_dump_or_pickle_holds_the_token(place: Place, capsys: Any) -> None:
    token = place.in_use()
    call_command("dumpdata", "pools")
    shown = [
        capsys.readouterr().out,
        repr(token),
        str(token),
        str(vars(token)),
        serializers.serialize("json", [token]),
        repr(list(Entry.objects.values_list())),
    ]
    assert [text for text in shown if place.key in text] == []
    assert place.key.encode() not in pickle.dumps(token)


def test_a_credential_shows_nothing_of_itself(place: Place) -> None:
    credential = ApiKey(unseal(place.in_use().sealed, binding_of(Token.objects.get())))
    assert place.key not in f"{credential} {credential!r} {credential.secret}"


def test_sealing_shows_nothing_of_what_is_sealed(place: Place) -> None:
    token = place.in_use()
    assert place.key not in seal(Secret(place.key), binding_of(token))
