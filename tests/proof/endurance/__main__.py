"""The command: runs the cases on each database, and prints what became of them.

Without `--database` it uses SQLite, and PostgreSQL where POSTGRES_URL answers. Each run
has a database of its own, which is dropped at its end.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Final

import django
import psycopg

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.proof.endurance.settings"
django.setup()

from tests.proof.endurance.report import Report  # noqa: E402
from tests.proof.endurance.runs import run  # noqa: E402

POSTGRES_URL: Final = os.environ.get("POSTGRES_URL", "postgres://postgres@127.0.0.1:5432/test")


def main() -> int:
    """0 if every rule held in every case."""
    options = _options()
    databases = options.database or ["sqlite", *_postgresql()]
    share = -(-options.cases // len(databases))
    arguments = ["--seed", str(options.seed), "--cases", str(share)]
    if options.case is not None:
        arguments = ["--seed", str(options.seed), "--cases", "1", "--first", str(options.case)]
    report = Report()
    for database in databases:
        report += run(database, arguments, quiet=options.quiet)
    if options.json:
        options.json.write_text(json.dumps(report.to_json()))
    print(report.tables())
    for text in report.texts:
        print(f"\nVIOLATION {text}")
    print(
        f"\n{sum(report.cases.values()):,} cases of seed {options.seed} in {report.seconds:.0f} s, "
        f"with {report.worked:.0f} s of work."
    )
    if len(databases) == 1 and not options.database:
        print("PostgreSQL does not answer at POSTGRES_URL: these were on SQLite alone.")
    return 0 if report.clean else 1


def _postgresql() -> list[str]:
    try:
        psycopg.connect(POSTGRES_URL, connect_timeout=3).close()
    except psycopg.OperationalError:
        return []
    return [POSTGRES_URL]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.endurance", description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000, help="in all, over the databases")
    parser.add_argument("--seed", type=int, default=1, help="what the cases follow from")
    parser.add_argument("--case", type=int, help="this one alone, as the seed has it")
    parser.add_argument("--database", action="append", help="sqlite, or postgres://…; may repeat")
    parser.add_argument("--json", type=Path, help="the numbers, to a file as well")
    parser.add_argument("--quiet", action="store_true", help="do not tell how far it is")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
