"""The command line: serve, seed, keys, faults."""

import argparse
import json
import secrets
import signal
import socket
import sqlite3
import sys
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

from sandbox.api import Api
from sandbox.behaviour import Behaviour
from sandbox.demo import seed
from sandbox.faults import KINDS, parse_faults
from sandbox.journal import Journal
from sandbox.server import Server
from sandbox.store import Store

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a subcommand; its exit status."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (OSError, sqlite3.Error) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A stand-in Core API: to try the panel and to test it, never for production.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="answer requests until interrupted")
    serve.set_defaults(run=_serve)
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=9100, help="0 for any free one (default: 9100)")
    serve.add_argument(
        "--fd", type=int, metavar="N", help="an open socket that listens, instead of host and port"
    )
    serve.add_argument("--data", type=Path, metavar="FILE", help="SQLite file (default: memory)")
    serve.add_argument("--prefix", type=_prefix, default="", metavar="PATH", help="e.g. /core-main")
    serve.add_argument("--fault", type=_faults, default="", metavar="FAULTS", help="see `faults`")
    serve.add_argument("--keep-alive-seconds", type=float, default=75.0, metavar="N")
    serve.add_argument(
        "--control-page",
        choices=("yes", "no"),
        help="the page /_sandbox/ (default: yes on a loopback address, no on another)",
    )
    _add_seed_options(serve)
    _add_switches(serve)

    seeding = commands.add_parser("seed", help="fill a data file with the demo companies")
    seeding.set_defaults(run=_seed)
    seeding.add_argument("--data", type=Path, required=True, metavar="FILE")
    seeding.add_argument("--start-over", action="store_true", help="replace what the file has")
    _add_seed_options(seeding)

    keys = commands.add_parser("keys", help="list the credentials and what they give access to")
    keys.set_defaults(run=_keys)
    keys.add_argument("--data", type=Path, required=True, metavar="FILE")
    keys.add_argument("--json", action="store_true", help="for programs")

    faults = commands.add_parser("faults", help="list the faults you can ask for")
    faults.set_defaults(run=_list_faults)
    return parser


def _add_seed_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--password", help="for everyone who can sign in (default: a random one, printed once)"
    )
    parser.add_argument(
        "--vast-pools", type=int, default=0, metavar="N", help="a company `vast` with N pools"
    )


def _add_switches(parser: argparse.ArgumentParser) -> None:
    """One option for each switch of Behaviour: its choices and default come from there."""
    group = parser.add_argument_group("switches", "where Core is silent, or says otherwise")
    for switch in fields(Behaviour):
        choices = get_args(switch.type) if "Literal" in str(switch.type) else ()
        default = "" if switch.default is None else f" (default: {switch.default})"
        options: dict[str, Any] = {
            "default": switch.default,
            "help": switch.metadata["meaning"] + default,
        }
        if choices:
            options |= {"choices": choices, "type": type(choices[0])}
        elif switch.default is None:
            options |= {"type": int, "metavar": "N"}
        else:
            options |= {"type": type(switch.default), "metavar": "N"}
        if switch.name == "believed_url":
            options["metavar"] = "URL"
        group.add_argument(f"--{switch.name.replace('_', '-')}", **options)


def _prefix(text: str) -> str:
    parts = [part for part in text.split("/") if part]
    return "".join(f"/{part}" for part in parts)


def _faults(text: str) -> str:
    try:
        return parse_faults(text).text
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _serve(options: argparse.Namespace) -> int:
    with closing(Store(options.data)) as store:
        _seed_if_empty(store, options)
        if options.data is None:
            _print_keys(store)
        store.prepare()
        try:
            server = _server(store, options)
        except OSError as error:
            where = f"{options.host} port {options.port}"
            if options.fd is not None:
                where = f"the open file {options.fd}"
            reason = f"cannot listen on {where}: {error.strerror}"
            print(f"sandbox: {reason}", file=sys.stderr)
            return 1
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        thread = threading.Thread(target=server.serve_forever, args=(0.1,))
        thread.start()
        print(f"ready {server.url}{options.prefix}", flush=True)
        stop.wait()
        server.stop()
        thread.join()
    return 0


def _server(store: Store, options: argparse.Namespace) -> Server:
    behaviour = Behaviour(**{each.name: getattr(options, each.name) for each in fields(Behaviour)})
    control_page = options.control_page or ("yes" if options.host in LOOPBACK else "no")
    server = Server(
        options.host,
        options.port,
        Api(store, Journal(), behaviour, options.prefix),
        control_page=control_page == "yes",
        keep_alive_seconds=options.keep_alive_seconds,
        listener=None if options.fd is None else socket.socket(fileno=options.fd),
    )
    server.run_faults.set(options.fault)
    return server


def _seed(options: argparse.Namespace) -> int:
    if options.start_over:
        options.data.unlink(missing_ok=True)
    with closing(Store(options.data)) as store:
        if not _seed_if_empty(store, options):
            print("The file already has data. Use --start-over to replace it.")
    return 0


def _seed_if_empty(store: Store, options: argparse.Namespace) -> bool:
    if store.companies():
        return False
    password = options.password or secrets.token_urlsafe(12)
    seed(store, password, vast_pools=options.vast_pools)
    if not options.password:
        print(f"Everyone signs in with the password {password}")
    return True


def _keys(options: argparse.Namespace) -> int:
    if not options.data.exists():
        print(f"sandbox: there is no file {options.data}. Run `seed` first.", file=sys.stderr)
        return 1
    with closing(Store(options.data)) as store:
        if not options.json:
            _print_keys(store)
            return 0
        people = [
            {"company": person.company, "role": person.role, "email": person.email}
            for person in store.people()
        ]
        print(json.dumps({"keys": store.keys(), "people": people}, indent=2))
    return 0


def _print_keys(store: Store) -> None:
    for company, keys in store.keys().items():
        for access, key in keys.items():
            print(f"{company:10} {access.replace('_', '-'):13} {key}")
    for person in store.people():
        print(f"{person.company:10} {person.role:13} signs in as {person.email}")


def _list_faults(_: argparse.Namespace) -> int:
    for name, kind in KINDS.items():
        default = f" (default: {kind.default})" if kind.value and kind.default else ""
        print(f"{kind.written(name):32} {kind.meaning}{default}")
    return 0
