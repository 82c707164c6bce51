"""compose.yaml: what may reach what, with which rights, and that its files fit together."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.house.conftest import ROOT

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("panel", "tend", "migrate")
every_service = pytest.mark.parametrize("name", SERVICES)


def test_the_proxy_alone_is_published() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_only_the_panel_tend_and_the_proxy_reach_out() -> None:
    inside = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}
    out = {name for name, service in SERVICES.items() if set(service["networks"]) - inside}
    assert out == {"panel", "tend", "proxy"}
    # The proxy for its certificate; it cannot reach the database.
    assert set(SERVICES["proxy"]["networks"]) == {"web", "inside"}
    assert SERVICES["database"]["networks"] == ["data"]


@every_service
def test_it_can_do_no_more_than_it_must(name: str) -> None:
    service = SERVICES[name]
    assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_add", []) == (["NET_BIND_SERVICE"] if name == "proxy" else [])
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@every_service
def test_its_secrets_are_files_that_are_declared(name: str) -> None:
    service = SERVICES[name]
    given = set(service.get("secrets", []))
    assert given <= set(COMPOSE["secrets"])
    environment = service.get("environment", {})
    named = {value for key, value in environment.items() if key.endswith("_FILE")}
    named |= set(re.findall(r"/run/secrets/\w+", str(service.get("command", ""))))
    assert named == {f"/run/secrets/{secret}" for secret in given}
    assert not [key for key in environment if re.search("(KEYS?|PASSWORD|SECRET|URL)$", key)]


def test_the_secrets_are_those_that_newkeys_makes(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "newkeys", "--secrets", str(tmp_path / "secrets")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    assert made == set(COMPOSE["secrets"])
    files = {Path(secret["file"]) for secret in COMPOSE["secrets"].values()}
    assert files == {Path("secrets") / name for name in made}


def test_the_panel_does_not_know_the_owner_of_the_tables() -> None:
    for name in ("panel", "tend"):
        assert set(SERVICES[name]["secrets"]) == {
            "secret_key",
            "token_keys",
            "audit_keys",
            "signing_keys",
            "panel_url",
        }


def test_each_waits_for_what_it_needs() -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    waits = {
        name: {other: how["condition"] for other, how in service.get("depends_on", {}).items()}
        for name, service in SERVICES.items()
    }
    assert waits == {
        "database": {},
        "migrate": {"database": healthy},
        "grants": {"migrate": done},
        "panel": {"grants": done},
        "tend": {"grants": done},
        "proxy": {"panel": healthy},
    }
    waited_for = {
        other for waiting in waits.values() for other, how in waiting.items() if how == healthy
    }
    assert all(SERVICES[name]["healthcheck"]["test"] for name in waited_for)


@pytest.mark.parametrize("name", ["panel", "tend"])
def test_it_is_given_the_time_to_write_outcomes(name: str) -> None:
    assert SERVICES[name]["stop_grace_period"] == "45s"


def test_every_variable_is_documented() -> None:
    documents = "".join(
        (ROOT / "docs" / name).read_text() for name in ("configuration.md", "operations.md")
    )
    asked_for = set(re.findall(r"\$\{(\w+)", TEXT))
    settings = {
        key.removesuffix("_FILE") for name in OWN for key in SERVICES[name].get("environment", {})
    }
    proxy = set(re.findall(r"\{\$(\w+)", (ROOT / "docs/deployment/Caddyfile").read_text()))
    names = asked_for | settings | proxy
    assert "PANEL_IMAGE" in names
    assert [name for name in sorted(names) if f"`{name}`" not in documents] == []


def test_what_is_mounted_is_there() -> None:
    mounted = [
        v for service in SERVICES.values() for v in service.get("volumes", []) if v[0] == "."
    ]
    assert len(mounted) == 2
    assert all((ROOT / volume.split(":")[0]).is_file() for volume in mounted)


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="no docker-compose here")
def test_compose_itself_reads_it(tmp_path: Path) -> None:
    shutil.copy(ROOT / "compose.yaml", tmp_path)
    (tmp_path / "panel.env").touch()
    command = ["docker-compose", "--file", "compose.yaml", "config", "--quiet"]
    read = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no Caddy here")
def test_caddy_reads_its_configuration() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config"]
    read = subprocess.run(
        [*command, str(ROOT / "docs/deployment/Caddyfile")],
        env={
            "ALLOWED_HOSTS": "panel.example",
            "PATH": "/usr/bin:/usr/local/bin",
            "HOME": "/nonexistent",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert read.returncode == 0, read.stderr


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_reads_its_units(tmp_path: Path) -> None:
    units = []
    for unit in (ROOT / "docs/deployment").glob("pools-panel*"):
        # The paths of this machine, where the panel is not installed.
        text = unit.read_text().replace("/srv/pools-panel/.venv/bin/", "/usr/bin/env ")
        (tmp_path / unit.name).write_text(text)
        units.append(str(tmp_path / unit.name))
    read = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [line for line in read.stderr.splitlines() if "pools-panel" in line] == []


UNITS = {path.name: path.read_text() for path in (ROOT / "docs/deployment").glob("*.service")}


@pytest.mark.parametrize("name", UNITS)
def test_a_service_is_started_again_however_long_the_database_is_away(name: str) -> None:
    # systemd gives up after five starts within ten seconds.
    (wait,) = re.findall(r"^RestartSec=(\d+)$", UNITS[name], re.MULTILINE)
    assert int(wait) * 4 > 10


@pytest.mark.parametrize("name", UNITS)
def test_nobody_else_reads_what_a_service_keeps(name: str) -> None:
    assert "\nStateDirectory=pools-panel\nStateDirectoryMode=0700\n" in UNITS[name]
    assert "\nProtectSystem=strict\n" in UNITS[name]


def test_the_feed_is_written_where_its_service_may_write() -> None:
    unit = UNITS["pools-panel-feed.service"]
    assert "\nLogsDirectory=pools-panel\nLogsDirectoryMode=0750\nUMask=0027\n" in unit
    (file,) = re.findall(r"feed --to (/var/log/pools-panel/\S+) --follow\n", unit)
    assert f"manage.py feed --to {file} --follow" in (ROOT / "docs/siem.md").read_text()
