"""A Core that keeps pools as the sandbox does, and answers in a way of its own.

with other_core() as core:
    core.answers = lambda request, answer: answer.with_body(b"\\xef\\xbb\\xbf" + answer.body)
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sandbox.http_messages import Answer, Request
from sandbox.running import RunningSandbox, running_sandbox
from sandbox.store import Access
from tests.core.raw_server import Connection, RawServer, Received
from tests.fixtures.kept_connections import close_kept_connections

# What becomes of a good answer: another one, or the bytes of one.
Answering = Callable[[Request, Answer], Answer | bytes]


def as_it_is(request: Request, answer: Answer) -> Answer:
    return answer


class OtherCore:
    """What a test sees of it. `sandbox` has its pools; `received` is what reached it.

    What it does not make is not carried out, whatever it answers.
    """

    def __init__(self, sandbox: RunningSandbox) -> None:
        self.sandbox = sandbox
        self.answers: Answering = as_it_is
        self.makes: Callable[[Request], bool] = lambda request: True
        self._server = RawServer(self._handle)
        self.url = self._server.url

    @property
    def received(self) -> list[Received]:
        return self._server.received

    @property
    def writes(self) -> list[str]:
        return [each.method for each in self.received if each.method != "GET"]

    @property
    def keys(self) -> Mapping[str, Mapping[Access, str]]:
        return self.sandbox.keys

    @property
    def sign_in_url(self) -> str:
        return f"{self.url}/fabric/api/login"

    def reset(self) -> None:
        """Forget what was received."""
        self._server.received.clear()

    def stop(self) -> None:
        self._server.stop()

    def _handle(self, received: Received, connection: Connection) -> bytes | None:
        request = Request(
            received.method, received.target, tuple(received.headers.items()), received.body
        )
        api = self.sandbox.server.api
        answer = self.answers(request, api.answer(request, keep=self.makes(request)))
        if isinstance(answer, Answer):
            return on_the_wire(answer)
        connection.send(answer)
        return None


def on_the_wire(answer: Answer, *, length: bool = True) -> bytes:
    """An answer as HTTP/1.1 has it."""
    lines = [f"HTTP/1.1 {answer.status} So"]
    lines += [f"{name}: {value}" for name, value in answer.headers]
    if length and answer.status != 204:
        lines.append(f"Content-Length: {len(answer.body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body


def rewriting(change: Callable[[Request, Any], Any]) -> Answering:
    """Answers whose JSON is another: `change` gets the request and what Core would say."""

    def answering(request: Request, answer: Answer) -> Answer:
        if not answer.body or answer.status >= 300:
            return answer
        document = change(request, json.loads(answer.body))
        return answer.with_body(json.dumps(document).encode())

    return answering


def each_pool(change: Callable[[dict[str, Any]], Any]) -> Answering:
    """Answers in which every pool is written in another way."""

    def rewritten(request: Request, document: Any) -> Any:
        if not isinstance(document, dict) or "data" not in document:
            return document
        data = document["data"]
        pools = [change(each) for each in data] if isinstance(data, list) else change(data)
        return {**document, "data": pools}

    return rewriting(rewritten)


def one_of_its_own() -> Iterator[OtherCore]:
    """What a test module's fixture `core` is: a Core whose company acme has no pools yet.

    Made for each test: the panel remembers for a while what a Core does not know.
    """
    with other_core(seed=False) as core:
        core.sandbox.add_company("acme")
        yield core
        close_kept_connections()


@contextmanager
def other_core(**switches: Any) -> Iterator[OtherCore]:
    """It runs in threads until the block ends."""
    with running_sandbox(**switches) as sandbox:
        core = OtherCore(sandbox)
        try:
            yield core
        finally:
            core.stop()
