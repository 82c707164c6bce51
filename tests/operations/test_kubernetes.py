"""docs/kubernetes: valid for Kubernetes, and as its page says. No cluster is asked."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from adminpanel import VERSION, gunicorn_conf
from pools.core.limits import CoreLimits
from tests.fixtures.deployment import ROOT
from tests.standard.reading import named, rows

FOLDER = ROOT / "docs/kubernetes"
KUBERNETES = "1.37"
# What only those who install it know the schema of.
OF_OTHERS = {"Kustomization", "ServiceMonitor"}
PODS = {"Deployment", "Job"}
Object = dict[str, Any]


def read(text: str) -> Iterator[Object]:
    yield from (each for each in yaml.safe_load_all(text) if each)


FILES = sorted(FOLDER.rglob("*.yaml"))
OBJECTS: list[tuple[Path, Object]] = [
    (file.relative_to(FOLDER), each) for file in FILES for each in read(file.read_text())
]
BY_NAME = {(each["kind"], each.get("metadata", {}).get("name")): each for _, each in OBJECTS}
SPECS = {
    name: each["spec"]["template"]["spec"] for (kind, name), each in BY_NAME.items() if kind in PODS
}
every_pod = pytest.mark.parametrize("name", SPECS)


def containers(name: str) -> list[Object]:
    found: list[Object] = SPECS[name]["containers"] + SPECS[name].get("initContainers", [])
    return found


def environment(name: str) -> dict[str, str]:
    return {each["name"]: each["value"] for one in containers(name) for each in one.get("env", [])}


def faults(objects: Iterator[Object]) -> list[str]:
    """What strict schemas say against them: a field that Kubernetes does not know, too."""
    found = []
    for each in objects:
        try:
            kubernetes_validate.validate(each, KUBERNETES, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as no:
            found.append(f"{each['kind']}: {getattr(no, 'message', no)}")
    return found


def test_every_object_is_valid_in_strict_form() -> None:
    objects = [each for _, each in OBJECTS if each["kind"] not in OF_OTHERS]
    assert len(objects) > 12
    assert faults(iter(objects)) == []
    wrong = {**BY_NAME[("Service", "web")], "spec": {"port": 80}}
    assert len(faults(iter([wrong]))) == 1


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
# The base is within the last one.
@pytest.mark.parametrize("folder", ["migrate", "managed-postgresql"])
def test_each_folder_is_put_together_to_what_is_valid(folder: str) -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", FOLDER / folder], capture_output=True, text=True, check=True
    )
    objects = list(read(built.stdout))
    assert faults(iter(objects)) == []
    assert {each.get("metadata", {}).get("namespace", "pools-panel") for each in objects} == {
        "pools-panel"
    }
    if folder == "managed-postgresql":
        (policy,) = [each for each in objects if each["metadata"]["name"] == "to-database"]
        assert policy["spec"]["egress"][0]["to"] == [{"ipBlock": {"cidr": "10.20.0.0/24"}}]


def test_what_a_kustomization_names_is_there() -> None:
    for file, each in OBJECTS:
        if each["kind"] != "Kustomization":
            continue
        folder = (FOLDER / file).parent
        named_files = [*each["resources"], *(patch["path"] for patch in each.get("patches", []))]
        named_files += [env for one in each.get("configMapGenerator", []) for env in one["envs"]]
        assert [name for name in named_files if not (folder / name).exists()] == []
        for image in each.get("images", []):
            assert image["name"] != "pools-panel" or image["newTag"] == VERSION
    told = {name for row in rows((FOLDER / "README.md").read_text()) for name in named(row[0])}
    assert told == {path.name for path in FOLDER.iterdir() if path.is_dir()}


@every_pod
def test_a_pod_can_do_no_more_than_it_must(name: str) -> None:
    pod = SPECS[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 10001,
        "runAsGroup": 10001,
        "fsGroup": 10001,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for each in containers(name):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert each["resources"]["limits"].keys() == {"memory"}
        assert each["resources"]["requests"].keys() == {"cpu", "memory"}
    space = BY_NAME[("Namespace", "pools-panel")]["metadata"]["labels"]
    assert space["pod-security.kubernetes.io/enforce"] == "restricted"


@every_pod
def test_secrets_are_files_that_are_handed_over(name: str) -> None:
    given = environment(name)
    files = {value for key, value in given.items() if key.endswith("_FILE")}
    files |= set(
        re.findall(r"/run/secrets/\w+", str([one.get("command") for one in containers(name)]))
    )
    (secret,) = [each["secret"] for each in SPECS[name]["volumes"] if "secret" in each]
    assert secret["defaultMode"] == 0o440
    page = (FOLDER / "README.md").read_text()
    made = re.search(rf"generic {secret['secretName']} \\\n((?: +--from-file.*\n)+)", page)
    assert made is not None
    handed = set(re.findall(r"--from-file=(\w+)", made[1]))
    needed = {file.removeprefix("/run/secrets/") for file in files}
    # The second `tend` needs no token of Prometheus', and has the same secret.
    assert needed <= handed <= needed | {"metrics_token"}
    assert not [key for key in given if re.search("(KEYS?|PASSWORD|SECRET|URL|TOKEN)$", key)]
    assert {mount["name"] for one in containers(name) for mount in one["volumeMounts"]} == {
        volume["name"] for volume in SPECS[name]["volumes"]
    }


def test_the_secrets_are_those_that_newkeys_makes(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "newkeys", "--secrets", str(tmp_path / "secrets")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()} | {"metrics_token"}
    handed = set(re.findall(r"--from-file=(\w+)(?=\s)", (FOLDER / "README.md").read_text()))
    assert handed <= made
    assert "owner_url" not in str([SPECS[name] for name in ("web", "tend")])


def test_there_are_two_of_each_and_one_is_always_there() -> None:
    for name in ("web", "tend"):
        deployment = BY_NAME[("Deployment", name)]
        assert deployment["spec"]["replicas"] == 2
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {
            "maxSurge": 1,
            "maxUnavailable": 0,
        }
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        for kind in ("PodDisruptionBudget", "Service"):
            other = BY_NAME.get((kind, name))
            if other is not None:
                selector = other["spec"]["selector"]
                assert (selector.get("matchLabels") or selector).items() <= labels.items()
        assert BY_NAME[("PodDisruptionBudget", name)]["spec"]["minAvailable"] == 1
        spread = SPECS[name]["topologySpreadConstraints"]
        assert spread[0]["topologyKey"] == "kubernetes.io/hostname"
        assert all(each["labelSelector"] == deployment["spec"]["selector"] for each in spread)


def test_a_pod_that_goes_finishes_what_is_under_way() -> None:
    (panel,) = SPECS["web"]["containers"]
    (_, until_nobody_comes) = panel["lifecycle"]["preStop"]["exec"]["command"]
    needed = int(until_nobody_comes) + gunicorn_conf.graceful_timeout
    assert SPECS["web"]["terminationGracePeriodSeconds"] >= needed + 5
    deadline = CoreLimits().deadline_seconds
    assert gunicorn_conf.graceful_timeout > deadline
    assert SPECS["tend"]["terminationGracePeriodSeconds"] > deadline


def test_probes_ask_what_is_there_and_a_failover_takes_no_pod_out() -> None:
    (panel,) = SPECS["web"]["containers"]
    ports = {each["name"] for each in panel["ports"]}
    probes = {name: panel[f"{name}Probe"] for name in ("startup", "liveness", "readiness")}
    assert {each["httpGet"]["port"] for each in probes.values()} <= ports
    paths = {name: each["httpGet"]["path"] for name, each in probes.items()}
    assert paths == {"startup": "/healthz", "liveness": "/healthz", "readiness": "/readyz"}
    assert probes["readiness"]["periodSeconds"] * probes["readiness"]["failureThreshold"] == 15


def test_nothing_is_reached_but_what_is_allowed() -> None:
    policies = {
        name: each["spec"] for (kind, name), each in BY_NAME.items() if kind == "NetworkPolicy"
    }
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert [name for name, each in policies.items() if "ingress" in each] == ["to-web"]
    (to_core,) = policies["to-core"]["egress"]
    assert "169.254.0.0/16" in to_core["to"][0]["ipBlock"]["except"]
    assert [each["port"] for each in to_core["ports"]] == [443]


def test_the_sample_ingress_passes_no_figures_on_and_repeats_no_form() -> None:
    ingress = BY_NAME[("Ingress", "web")]
    paths = {
        each["path"]: each["backend"]["service"]["name"]
        for each in ingress["spec"]["rules"][0]["http"]["paths"]
    }
    assert paths == {"/metrics": "nobody", "/readyz": "nobody", "/": "web"}
    again = ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-next-upstream"]
    # Without "non_idempotent", nginx sends no form to a second server once it was sent to one.
    assert again == "error"
    settings = dict(
        line.split("=")
        for line in (FOLDER / "base/panel.env").read_text().splitlines()
        if not line.startswith("#")
    )
    assert settings["ALLOWED_HOSTS"] == ingress["spec"]["rules"][0]["host"]
    assert settings["TRUSTED_PROXY_COUNT"] == "1"


def test_prometheus_reads_with_the_token_of_the_panel() -> None:
    spec = BY_NAME[("ServiceMonitor", "pools-panel")]["spec"]
    (endpoint,) = spec["endpoints"]
    (port,) = BY_NAME[("Service", "web")]["spec"]["ports"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], "/metrics")
    assert endpoint["authorization"]["credentials"] == {
        "name": "pools-panel",
        "key": "metrics_token",
    }
    labels = BY_NAME[("Service", "web")]["metadata"]["labels"]
    assert spec["selector"]["matchLabels"].items() <= labels.items()


def test_the_administrators_page_says_what_was_not_run() -> None:
    assert "**Nothing of this was run on a cluster yet.**" in (FOLDER / "README.md").read_text()
