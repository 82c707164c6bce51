"""The alert rules and the dashboard ask for what the panel really exposes."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from adminpanel import readiness
from pools import metrics
from pools.core import CoreError, Reason, outcome_name
from pools.models.vocabulary import MADE_HERE, Outcome
from pools.secret import Secret
from tests.fixtures.deployment import METRICS_TOKEN, ROOT
from tests.fixtures.signing import SIGNING_KEYS
from tests.standard.reading import named, rows, section

FOLDER = ROOT / "docs/monitoring"
ALERTS = FOLDER / "alerts.yml"
ASKED = re.compile(r"\b(panel_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r"""(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)\"""")
# Prometheus' own labels, and what the samples of a family end in.
GIVEN_BY_PROMETHEUS = {"job", "instance"}
SUFFIX = re.compile(r"_(total|bucket|count|sum)$")


def family(*error: type[CoreError]) -> Iterator[type[CoreError]]:
    for each in error:
        yield each
        yield from family(*each.__subclasses__())


VALUES = {
    "outcome": {
        *Outcome,
        metrics.UNWRITTEN,
        "ok",
        *(outcome_name(each) for each in family(CoreError)),
    },
    "reason": {"", *Reason},
    "operation": set(metrics.OPERATIONS),
    "action": set(MADE_HERE),
    "state": set(metrics.TOKEN_STATES),
    "event": set(metrics.SIGN_IN_EVENTS),
    "check": set(readiness._CHECKS),
    "status": {"429", "2xx", "3xx", "4xx", "5xx"},
    "view": {"readyz", "account_login"},
}


def expressions() -> Iterator[str]:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    for panel in json.loads((FOLDER / "dashboard.json").read_text())["panels"]:
        yield from (target["expr"] for target in panel["targets"])


@pytest.fixture
def exposed(db: None, settings: Any) -> dict[str, set[str]]:
    """The metrics that a scrape shows, with their labels."""
    settings.METRICS_TOKEN = Secret(METRICS_TOKEN)
    settings.SIGNING_KEYS = SIGNING_KEYS
    for _ in range(2):
        answer = Client().get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    return {
        each.name: {name for sample in each.samples for name in sample.labels} | {"le"}
        for each in text_string_to_metric_families(answer.content.decode())
    }


def test_every_metric_asked_for_is_exposed_with_its_labels(exposed: dict[str, set[str]]) -> None:
    asked = [found for each in expressions() for found in ASKED.findall(each)]
    assert len(asked) > 30
    for name, matchers in asked:
        labels = exposed[SUFFIX.sub("", name)]
        for label, _, wanted in MATCHER.findall(matchers):
            assert label in labels | GIVEN_BY_PROMETHEUS, (name, label)
            if label in VALUES:
                assert set(wanted.split("|")) <= VALUES[label], (name, label, wanted)


def test_every_label_grouped_by_is_there(exposed: dict[str, set[str]]) -> None:
    known = set().union(*exposed.values()) | GIVEN_BY_PROMETHEUS
    grouped = [
        label.strip()
        for each in expressions()
        for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", each)
        for label in group.split(",")
    ]
    assert set(grouped) <= known


def test_the_table_of_metrics_has_each_with_its_labels(exposed: dict[str, set[str]]) -> None:
    told = {
        SUFFIX.sub("", name): (named(re.sub(r"\(.*?\)", "", row[1])), "…" in row[1][-1:])
        for row in rows(section("operations.md", "Watch it run"))
        for name in named(row[0])
        if name.startswith("panel_")
    }
    assert told.keys() == exposed.keys()
    for name, (labels, some) in told.items():
        shown = exposed[name] - {"le"}
        # One that has no sample in this test shows no label either.
        assert not shown or labels == shown or (some and labels < shown), name


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool, of Debian's prometheus")
@pytest.mark.parametrize(
    "command",
    [
        ("check", "rules", ALERTS),
        ("test", "rules", ROOT / "tests/operations/alerts_test.yml"),
    ],
)
def test_prometheus_takes_the_rules_and_they_fire_when_they_should(command: list[str]) -> None:
    done = subprocess.run(["promtool", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
