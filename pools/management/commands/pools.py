"""The list of pools from a shell: taken along, and changed by a file."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from pools.batches.caps import MOST_BYTES
from pools.batches.pool_export import Shape
from pools.batches.whole_list import WholeQuery
from pools.changes.exporting import Format
from pools.core import Sort
from pools.forms.files import Choices
from pools.ledger.appending import LedgerUnwritable
from pools.upkeep import shell
from pools.upkeep.shell import CannotDo, Exit, NothingToDo, Workplace
from pools.upkeep.tending import WrongKeys, refuse_wrong_keys
from pools.wording.files import IN_A_SHELL

_EXITS: Final = (
    "Exit 0: done, or there was nothing to do. 1: nothing was done, and why. 3: some was refused, "
    "not sent or left out, or the list changed while it was exported. 4: of some nobody can tell "
    "whether it was done. 5: it stopped before its end, and the same command goes on. 130: the "
    "same, by Ctrl-C."
)


class Command(BaseCommand):
    """Exit 0 to 5, or 130: see shell.Exit."""

    help = (
        "Exports a company's pools, makes a list of changes of a file, and runs that list: as a "
        f"person, with their own token and role, and on the record as done by command. {_EXITS}"
    )

    def get_check_kwargs(self, options: dict[str, Any]) -> Any:
        usual: Any = super().get_check_kwargs(options)
        return {**usual, "databases": ["default"]}

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="what", required=True, metavar="export|plan|apply")
        export = _added(commands, "export", "the list as a file, to standard output")
        export.add_argument("--format", choices=[*Format], default="csv")
        export.add_argument("--search", default="", metavar="TEXT", help="as on the list")
        export.add_argument("--sort", choices=[*Sort], help="as on the list")
        export.add_argument("--system", default="", help="those last seen with it")
        export.add_argument("--connectors", action="store_true", help="what uses each pool")
        export.add_argument(
            "--for-another-company", action="store_true", help="without ids and times"
        )
        export.add_argument(
            "--output", type=Path, metavar="FILE", help="a file, which is there once it is whole"
        )
        plan = _added(commands, "plan", "makes a list of changes of a file, and sends nothing")
        plan.add_argument("file", help="CSV or JSON, as exported; - is standard input")
        plan.add_argument("--reason", default="", help="shown in the history, for each pool")
        plan.add_argument(
            "--create", action="store_true", help="make a new pool of each line without an id"
        )
        plan.add_argument(
            "--ids-are-ours",
            action="store_true",
            help="the ids are this company's, though the file does not say so",
        )
        apply = _added(commands, "apply", "runs a list that plan has made, or goes on with it")
        apply.add_argument("list", type=UUID, help="its id, as plan prints it")
        apply.add_argument(
            "--pools", default="", metavar="N", help="how many it changes, if more than ten"
        )

    def handle(self, *, what: str, company: str, user: str, **options: Any) -> None:
        try:
            refuse_wrong_keys()
            here = Workplace.entered(company, user)
            ended = getattr(self, f"_{what}")(here, **options)
        except WrongKeys as error:
            raise CommandError(str(error)) from None
        except CannotDo as error:
            raise CommandError("\n".join(error.sentences)) from None
        except (LedgerUnwritable, AnyDatabaseError) as error:
            raise CommandError(
                f"The record cannot be written now: {error.__cause__ or error}"
            ) from None
        if ended:
            sys.exit(ended)

    def _export(self, here: Workplace, **options: Any) -> Exit:
        query = WholeQuery(
            search=options["search"],
            sort=Sort(options["sort"]) if options["sort"] else None,
            system=options["system"],
            connectors=options["connectors"],
        )
        shape = Shape(
            Format(options["format"]),
            connectors=query.connectors,
            ids=not options["for_another_company"],
        )
        return shell.export(here, query, shape, options["output"])

    def _plan(self, here: Workplace, **options: Any) -> Exit:
        content = _content_of(options["file"])
        choices = Choices(options["ids_are_ours"], options["create"], IN_A_SHELL)
        try:
            batch = shell.plan(here, content, options["reason"], choices)
        except NothingToDo as error:
            self.stdout.write(str(error))
            return Exit.DONE
        for line in shell.preview(batch):
            self.stdout.write(line)
        return Exit.DONE

    def _apply(self, here: Workplace, **options: Any) -> Exit:
        return shell.run(here, options["list"], options["pools"])


def _added(commands: Any, name: str, text: str) -> ArgumentParser:
    parser: ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--company", required=True, metavar="SLUG", help="its short name")
    parser.add_argument(
        "--as", dest="user", required=True, metavar="USER", help="whose token and role are used"
    )
    return parser


def _content_of(name: str) -> bytes:
    """No more than a file may have: the rest is not read."""
    try:
        if name == "-":
            return sys.stdin.buffer.read(MOST_BYTES + 1)
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CannotDo(f"{name} cannot be read: {error.strerror}.") from None
