"""`python -m tests.standard.renaming [NAME…]`: would a test notice if a private name were gone?

For each name of docs/private-apis.md, or for those that are given: makes a copy of its package in
which it is called something else, and runs the tests of its row with that copy. One that passes
all the same proves nothing; the exit status is 1 then. Takes some minutes.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Final

import tests.settings  # noqa: F401  (the settings of a panel, which the documents are read with)
from tests.standard.reading import DOCS, known_tests, named, rows

ROOT: Final = DOCS.parent
# What a name hangs on where it is a class's own: elsewhere it may be something else's.
HOLDERS: Final = r"(?:self|cls|conn|worker|server|values|super\(\))"


def main(names: list[str]) -> int:
    unnoticed = []
    for row in rows((DOCS / "private-apis.md").read_text()):
        for name in named(row[0]):
            if not names or name in names:
                noticed = is_noticed(name, sorted(named(row[2])))
                print("noticed  " if noticed else "UNNOTICED", name, flush=True)
                unnoticed += [] if noticed else [name]
    return 1 if unnoticed else 0


def is_noticed(name: str, tests: list[str]) -> bool:
    """Whether the tests fail with a package in which the name is another. `tests` must exist."""
    if missing := set(tests) - known_tests():
        raise SystemExit(f"There is no {', '.join(missing)}.")
    with tempfile.TemporaryDirectory() as folder:
        python = renamed(name, Path(folder))
        environment = {**os.environ, "PYTHONPATH": f"{folder}/standard", "PYTEST_ADDOPTS": ""}
        arguments = ["-q", "-x", "-p", "no:cacheprovider", *(f"tests/{test}" for test in tests)]
        done = subprocess.run(
            [python, "-m", "pytest", *arguments], cwd=ROOT, env=environment, capture_output=True
        )  # fmt: skip
        # 0: all passed, or were skipped; 5: none was there.
        return done.returncode not in (0, 5)


def renamed(name: str, folder: Path) -> str:
    """A Python whose packages are this one's, but for the one in which the name is another."""
    top, last = name.partition(".")[0], name.rpartition(".")[2]
    spec = importlib.util.find_spec(top)
    assert spec, name
    assert spec.submodule_search_locations, name
    source = Path(next(iter(spec.submodule_search_locations)))
    site = folder / "venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    site.mkdir(parents=True)
    # The standard library is looked through before any package, PYTHONPATH before both.
    is_standard = source.parent == Path(sysconfig.get_path("stdlib"))
    copy = (folder / "standard" if is_standard else site) / top
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"))
    (site / "others.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    for file in copy.rglob("*.py"):
        file.write_text(with_another_name(file.read_text(), name, last))
    home = Path(sys.base_prefix) / "bin"
    (folder / "venv" / "pyvenv.cfg").write_text(f"home = {home}\n")
    (folder / "venv" / "bin").mkdir()
    python = folder / "venv" / "bin" / "python"
    python.symlink_to(Path(sys.executable).resolve())
    return str(python)


def with_another_name(text: str, name: str, last: str) -> str:
    in_a_class = name.split(".")[-2][0].isupper()
    if not in_a_class:
        return re.sub(rf"\b{last}\b", f"{last}_renamed", text)
    places = rf"(def |{HOLDERS}\.|^    (?={last} = )|^    (?={last}: ))"
    return re.sub(rf"{places}{last}\b", rf"\g<1>{last}_renamed", text, flags=re.MULTILINE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
