"""The container image: that what goes into it is enough, and that nothing else does."""

import fnmatch
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
RULES = (ROOT / ".dockerignore").read_text().splitlines()
LET_IN = [rule[1:] for rule in RULES if rule.startswith("!")]
IGNORED = [rule for rule in RULES if rule and rule[0] not in "#!" and rule != "*"]
# Each line: what is copied, and the place that it goes to.
LINES = [line.split() for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)]
COPIED = {name for *names, _ in LINES for name in names}
OF_THE_PANEL = [name for *names, place in LINES for name in names if place.startswith("./")]


def is_ignored(path: str) -> bool:
    return any(fnmatch.fnmatch(path, rule.replace("**/", "*/")) for rule in IGNORED)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """The folder /app as the Dockerfile fills it."""

    def ignore(folder: str, names: list[str]) -> set[str]:
        within = Path(folder).relative_to(ROOT)
        return {name for name in names if is_ignored(str(within / name))}

    for name in OF_THE_PANEL:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
        else:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_copied_path_gets_past_the_ignore_file() -> None:
    assert sorted(LET_IN) == sorted(COPIED)
    assert {"pools", "requirements.txt"} < set(OF_THE_PANEL) < COPIED


def test_gunicorn_loads_the_panel_from_what_the_image_holds(
    image: Path, ready: dict[str, str]
) -> None:
    command = (sys.executable, "-m", "gunicorn", "--check-config")
    loaded = subprocess.run(
        [*command, "--config", "adminpanel/gunicorn_conf.py", "adminpanel.wsgi:application"],
        cwd=image,
        env=ready,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (loaded.returncode, loaded.stderr) == (0, "")


def test_the_demo_and_its_passwords_stay_out(image: Path) -> None:
    assert [path for path in image.rglob("*") if "demo" in path.name] == []


@pytest.mark.parametrize("name", [".env", "panel.env", "panel.sqlite3"])
def test_a_deployers_own_files_within_the_code_stay_out(name: str) -> None:
    assert is_ignored(f"adminpanel/{name}")


def test_it_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
