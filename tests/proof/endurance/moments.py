"""Every moment of the panel's work in this process, at each of which it can be made to die.

A moment is the start or the end of a call to Core, a part of a write on its way, or a call
to the database: a connection, a statement, a commit. For processes that end themselves:
nothing here is ever taken off again.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from pools.core import transport as _transport
from pools.core import wire as _wire
from pools.core.transport import Call
from pools.models.vocabulary import Kind
from sandbox.server import FAULT_HEADER
from tests.proof.endurance.cases import REFUSED_CONNECTION, Stage
from tests.proof.endurance.ledger_failures import MODES, UNHEARD

Say = Callable[..., None]
# What is changed in them is nobody's business but this process's.
transport: Any = _transport
wire: Any = _wire
AFTER_COMMIT: Final = {Kind.INTENT: Stage.K1, Kind.OUTCOME: Stage.K4}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to go wrong in one process.

    `kill_at` is a stage and the number of the moment in it; death comes there, or at the
    first moment afterwards. `failure` is the number of a database call and a mode.
    """

    stage: Stage = Stage.K0
    kill_at: tuple[Stage, int] | None = None
    from_outside: bool = False
    failure: tuple[int, str] | None = None
    fault_of_writes: str = ""
    fault_of_reads: str = ""
    fault_of_readback: str = ""  # on the reads after the call
    refusing_port: int = 0


class Moments:
    """Counts them by stage, and lets happen what is planned for them."""

    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan = plan
        self.stage = plan.stage
        self.seen: Counter[str] = Counter()
        self.calls = 0
        self.struck = False
        self._say = say
        self._called_out = False
        self._entered: set[str] = set()

    def watch(self) -> None:
        """From here to the end of the process."""
        self._watch_database()
        self._watch_calls()
        self._watch_writes()

    def moment(self, name: str) -> None:
        place = (self.stage, self.seen[self.stage])
        self.seen[self.stage] += 1
        if self.plan.kill_at is None or place < self.plan.kill_at or self._called_out:
            return
        self._called_out = True
        self._die(name)

    def last(self) -> None:
        """The moment before the end: whoever was to die later than this dies now."""
        if self.plan.kill_at is not None and not self._called_out:
            self._die("end")

    def _die(self, where: str) -> None:
        self._say(died=str(self.stage), at=where)
        if not self.plan.from_outside:
            os.kill(os.getpid(), signal.SIGKILL)

    # The database

    def _watch_database(self) -> None:
        connection.execute_wrappers.append(self._statement)
        database: Any = connection
        commit, connect = database._commit, database.get_new_connection

        def commits() -> Any:
            self._database_call("commit")
            result = commit()
            entered, self._entered = self._entered, set()
            for kind in entered & AFTER_COMMIT.keys():
                if self.stage is not Stage.K5:
                    self.stage = AFTER_COMMIT[Kind(kind)]
            self.moment("committed")
            self._strike(after_commit=True)
            return result

        def connects(parameters: Any) -> Any:
            self._database_call("connect")
            return connect(parameters)

        database._commit = commits
        database.get_new_connection = connects

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self._database_call(" ".join(sql.split()[:3]))
        result = execute(sql, params, many, context)
        if sql.startswith('INSERT INTO "pools_entry"'):
            self._entered |= {str(each) for each in params or ()} & set(Kind.values)
        return result

    def _database_call(self, name: str) -> None:
        self.moment(name)
        self.calls += 1
        self._strike(after_commit=False)

    def _strike(self, *, after_commit: bool) -> None:
        """Lets the call that was just counted fail, or seem to have, if that is planned."""
        if self.plan.failure is None:
            return
        call, name = self.plan.failure
        if self.calls > call and (name == UNHEARD) is after_commit:
            struck, self.struck = self.struck, True
            mode = MODES[connection.vendor][name]
            self.struck = mode.strike_at(connection, struck=struck)

    # Calls to Core

    def _watch_calls(self) -> None:
        attempt, prepared = transport._attempt, transport._prepared

        def attempts(call: Call, *rest: Any) -> Any:
            if not call.is_read and self.stage is not Stage.K5:
                self.stage = Stage.K2
            self.moment(f"calls {call.method}")
            result = attempt(call, *rest)
            if not call.is_read and self.stage is not Stage.K5:
                self.stage = Stage.K3
            self.moment(f"called {call.method}")
            return result

        def prepares(call: Call) -> Any:
            request = prepared(call)
            fault = self._fault_of(call)
            if fault and fault != REFUSED_CONNECTION:
                request.headers[FAULT_HEADER] = fault
            return request

        transport._attempt = attempts
        transport._prepared = prepares

    def _fault_of(self, call: Call) -> str:
        if not call.is_read:
            return self.plan.fault_of_writes
        over = self.stage in (Stage.K3, Stage.K4)
        return self.plan.fault_of_readback if over else self.plan.fault_of_reads

    def _watch_writes(self) -> None:
        send, begin, connect = (
            wire._WatchedConnection.send,
            wire.StrictResponse.begin,
            wire.open_socket,
        )

        def sends(itself: Any, data: Any) -> None:
            if self.stage is not Stage.K2 or not isinstance(data, bytes):
                send(itself, data)
                return
            self.moment("connected")
            send(itself, data[: len(data) // 2])
            self.moment("half sent")
            send(itself, data[len(data) // 2 :])

        def begins(itself: Any) -> None:
            if self.stage is Stage.K2:
                self.moment("sent")
            begin(itself)
            if self.stage is Stage.K2:
                self.moment("head read")

        def connects(host: str, port: int, *rest: Any, **named: Any) -> Any:
            if self.stage is Stage.K2:
                self.moment("connects")
                if self.plan.fault_of_writes == REFUSED_CONNECTION:
                    port = self.plan.refusing_port
            return connect(host, port, *rest, **named)

        wire._WatchedConnection.send = sends
        wire.StrictResponse.begin = begins
        wire.open_socket = connects
