"""The set-up that `make demo` and `make test` do first, and what it says when it cannot."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BROKEN = "#!/bin/sh\nexit 127\n"
OLD = "#!/bin/sh\nexit 1\n"
# A new Python that prints its version, and has no ensurepip (as Debian's without python3-venv).
WITHOUT_VENV = '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n'


def make_venv(
    folder: Path, *, first_on_path: Path | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    search = os.pathsep.join([str(first_on_path or folder), os.environ["PATH"]])
    return subprocess.run(
        ["sh", ROOT / ".ci/venv", folder / ".venv"],
        env={"PATH": search, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_an_old_python_is_one_sentence(tmp_path: Path) -> None:
    for name in ("python3.14", "python3.13", "python3.12", "python3.11", "python3"):
        script(tmp_path / name, OLD)
    made = make_venv(tmp_path)
    assert (made.returncode, made.stdout, made.stderr) == (
        1,
        "",
        (
            "Python 3.11 or newer was not found: install it, or name it as in "
            "PYTHON=/path/to/python3.11.\n"
        ),
    )


def test_a_named_python_that_is_too_old_is_not_replaced_by_another(tmp_path: Path) -> None:
    old = script(tmp_path / "old", OLD)
    made = make_venv(tmp_path, PYTHON=str(old))
    assert (made.returncode, made.stderr) == (
        1,
        f"PYTHON={old} is not a Python of 3.11 or newer.\n",
    )


def test_a_missing_venv_module_is_one_sentence(tmp_path: Path) -> None:
    python = script(tmp_path / "python3.13", WITHOUT_VENV)
    made = make_venv(tmp_path, PYTHON=str(python))
    assert (made.returncode, made.stderr) == (
        1,
        (
            f"{python} has no venv module: install it "
            "(on Debian and Ubuntu the package python3-venv).\n"
        ),
    )


def test_a_shim_without_its_python_is_passed_over(tmp_path: Path) -> None:
    script(tmp_path / "python3.14", BROKEN)
    # Stands for a good Python: it succeeds at everything, "-m venv" included.
    script(tmp_path / "python3.13", "#!/bin/sh\n[ $1 != --version ] || echo Python 3.13.0\n")
    made = make_venv(tmp_path)
    assert made.stdout == f"Making {tmp_path}/.venv with Python 3.13.0 …\n"


def test_a_venv_whose_python_is_gone_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(tmp_path / "gone")
    made = make_venv(tmp_path)
    assert made.returncode == 1
    assert made.stderr.startswith(f"{tmp_path}/.venv holds a Python that is older than 3.11 or")


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_set_up_is_not_repeated_until_its_lock_file_changes(tmp_path: Path, lock: str) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    script(tmp_path / ".ci/install", '#!/bin/sh\necho "installing $2"\n')
    target = ".venv/.runtime-ready" if lock == "requirements.txt" else ".venv/.tools-ready"
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text("")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(Path(os.__file__).parents[2] / "bin/python3")

    def installed() -> str:
        return subprocess.run(
            ["make", "-s", target], cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout

    assert installed() == f"installing {lock}\n"
    assert installed() == ""
    later = (tmp_path / target).stat().st_mtime + 5
    os.utime(tmp_path / lock, (later, later))
    assert installed() == f"installing {lock}\n"


def install(folder: Path, uv: str, pip: str) -> subprocess.CompletedProcess[str]:
    """What `.ci/install` does with this uv and this pip, for a lock of one package."""
    (folder / ".venv/bin").mkdir(parents=True)
    script(folder / ".venv/bin/uv", uv)
    script(folder / ".venv/bin/python", pip)
    (folder / "lock.txt").write_text("django==5.2.19 --hash=sha256:0\n")
    return subprocess.run(
        ["sh", ROOT / ".ci/install", ".venv", "lock.txt"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_uv_installs_with_hashes_required(tmp_path: Path) -> None:
    done = install(tmp_path, '#!/bin/sh\necho "$*" >asked\n', OLD)
    asked = (tmp_path / "asked").read_text()
    assert (done.returncode, done.stderr) == (0, "")
    assert "--require-hashes --requirement lock.txt" in asked


def test_where_uv_cannot_install_pip_does(tmp_path: Path) -> None:
    done = install(tmp_path, "#!/bin/sh\necho 'no index' >&2\nexit 2\n", "#!/bin/sh\n")
    assert done.returncode == 0
    assert done.stdout.endswith("uv could not, pip tries: no index\n")


def test_where_neither_can_the_reason_is_told(tmp_path: Path) -> None:
    done = install(tmp_path, OLD, "#!/bin/sh\necho 'no such hash' >&2\nexit 1\n")
    assert (done.returncode, done.stderr) == (
        1,
        "no such hash\nlock.txt could not be installed: see above.\n",
    )


# --- other versions of Python and of Django ------------------------------------------------------


# Stands for a good Python of a version: its virtual environments hold the same.
VERSION = """#!/bin/sh
case "$*" in
    *releaselevel*) echo "{0} $0" ;;
    "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
    "-m pytest "*) echo "{0} runs $*" && exit "$STATUS" ;;
esac
"""


def try_versions(
    folder: Path, lane: str, *versions: str, status: int = 0
) -> subprocess.CompletedProcess[str]:
    """`.ci/versions` on a machine that has the first of these on its path, the others in pyenv.

    pytest ends with the status.
    """
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    script(folder / ".ci/install", '#!/bin/sh\necho "installing $2 into $1"\n')
    script(folder / ".ci/chromium", "#!/bin/sh\n")
    tools = folder / "tools"
    tools.mkdir()
    for name in ("python3.12", "python3.13", "python3.14", "python3"):
        script(tools / name, OLD)
    for number, version in enumerate(versions):
        home = folder / "pyenv/versions" / version / "bin"
        home.mkdir(parents=True)
        script(home / "python" if number else tools / "python3", VERSION.format(version))
    return subprocess.run(
        ["sh", ".ci/versions", lane],
        cwd=folder,
        env={
            "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
            "PYENV_ROOT": str(folder / "pyenv"),
            "STATUS": str(status),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("lane", "version", "lock"),
    [
        ("python", "3.13.10", "requirements-dev.txt"),
        ("django", "3.12.9", "requirements-django61.txt"),
    ],
)
def test_newest_python_is_tried_and_django_on_the_oldest_that_it_takes(
    tmp_path: Path, lane: str, version: str, lock: str
) -> None:
    tried = try_versions(tmp_path, lane, "3.12.9", "3.13.9", "3.13.10")
    assert (tried.returncode, tried.stderr) == (0, "")
    assert f"installing {lock} into .versions/{lane}-{version}\n" in tried.stdout
    assert f"{version} runs -m pytest" in tried.stdout
    assert f" sh .ci/versions {lane}\n" in (ROOT / ".ci/run").read_text()


def test_a_machine_without_a_newer_python_says_so_loudly(tmp_path: Path) -> None:
    tried = try_versions(tmp_path, "python")
    assert (tried.returncode, tried.stdout) == (
        75,
        (
            "*** NO PYTHON OF 3.12 OR NEWER, on the path or in pyenv: "
            "nothing was tried on one. ***\n"
        ),
    )


def test_tests_that_fail_on_another_version_fail_the_step(tmp_path: Path) -> None:
    assert try_versions(tmp_path, "python", "3.13.0", status=1).returncode == 1


# --- Chromium for the browser tests ----------------------------------------------------------


def run_tests(folder: Path, **variables: str) -> list[str]:
    """The lines of `.ci/test` with a pytest that only shows its options, and nobody's Chromium."""
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    (folder / ".venv/bin").mkdir(parents=True)
    script(folder / ".venv/bin/python", '#!/bin/sh\necho "$*"\n')
    tools = folder / "tools"
    tools.mkdir()
    # Not root, so that none is installed.
    script(tools / "id", "#!/bin/sh\necho 1000\n")
    (tools / "sh").symlink_to("/bin/sh")
    ran = subprocess.run(
        ["/bin/sh", ".ci/test"],
        cwd=folder,
        env={"PATH": str(tools), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in ran.stdout.splitlines() if line]


def test_without_a_chromium_it_says_loudly_what_is_left_out(tmp_path: Path) -> None:
    axe, loud, options, loud_again = run_tests(tmp_path)
    assert axe.startswith("axe-core that looks at pages: ")
    assert loud == loud_again
    assert "NO CHROMIUM: the browser tests are left out" in loud
    assert "-m not browser" in options


def test_a_named_chromium_is_used(tmp_path: Path) -> None:
    chromium = script(tmp_path / "my-chromium", "#!/bin/sh\n")
    _, options = run_tests(tmp_path, CHROMIUM=str(chromium))
    assert "browser" not in options


def test_proof_is_what_is_marked_so_wherever_it_is(tmp_path: Path) -> None:
    _, _, options, _ = run_tests(tmp_path, PROOF="1", MARKED="database")
    assert "-m database and proof and not browser --override-ini norecursedirs=.*" in options
