"""The six operations and the sign-in: a request in, an answer out, in Laravel's order.

Too large, no route, wrong method, not authenticated, too many calls, no such pool, no right,
invalid: the first that holds is the answer.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox import bearer
from sandbox.behaviour import Behaviour
from sandbox.http_messages import Answer, Refusal, Request
from sandbox.inputs import ServerError, check, pool_fields, read_body, required, text
from sandbox.journal import Applied, Journal
from sandbox.pagination import page_document
from sandbox.questions import Question, read_question
from sandbox.rate_limit import RateLimit
from sandbox.rendering import (
    json_answer,
    login_page_answer,
    nginx_answer,
    refusal_answer,
    with_plain_json,
)
from sandbox.store import Caller, Store, StoredPool

POOLS: Final = ("api", "v1", "connection-pools")
SIGN_IN: Final = (("fabric", "api", "login"), ("api", "v1", "login"))
LARGEST_BODY_BYTES: Final = 8 * 2**20
WRITES: Final = frozenset({"create", "update", "delete", "clear"})
BODILESS: Final = (401, 403)  # in the contract, where a body is not described
COLLECTION: Final = {"GET": "list", "HEAD": "list", "POST": "create"}
SINGLE: Final = {"GET": "get", "HEAD": "get", "PUT": "update", "DELETE": "delete"}


class Api:
    """Core without its sockets."""

    def __init__(self, store: Store, journal: Journal, behaviour: Behaviour, prefix: str) -> None:
        self.store = store
        self.journal = journal
        self.prefix = prefix
        self.switch(behaviour)

    def switch(self, behaviour: Behaviour) -> None:
        """Behave so from now on; a rate limit starts to count again."""
        self.behaviour = behaviour
        per_minute = behaviour.rate_limit_per_minute
        self._rate_limit = RateLimit(per_minute) if per_minute is not None else None

    def operation(self, request: Request) -> str:
        """What a request asks for: list, create, get, update, delete, clear, sign-in, or ""."""
        methods = self._methods(request.path)[0] or {}
        return methods.get(request.method, "")

    def login_url(self, request: Request) -> str:
        """Where Laravel sends somebody who is not signed in, as this client names the host."""
        return f"http://{request.header('Host', 'localhost')}{self.prefix}/login"

    def answer(self, request: Request, *, keep: bool = True) -> Answer:
        """Carry a request out. With `keep` False it is answered as if done, and nothing is."""
        try:
            answer = self._answer(request, keep=keep)
        except Refusal as refusal:
            answer = self.refuse(request, refusal)
        except ServerError:
            answer = self.refuse(request, Refusal(500, "Server Error"))
        return with_plain_json(answer) if self.behaviour.json_text == "plain" else answer

    def refuse(self, request: Request, refusal: Refusal) -> Answer:
        """A refusal in the dress that this client gets."""
        as_json = request.wants_json or self.behaviour.other_accept == "json"
        if self.behaviour.refusal_body == "nothing" and refusal.status in BODILESS and as_json:
            return Answer(refusal.status, refusal.headers)
        return refusal_answer(request, refusal, self.login_url(request), as_json=as_json)

    def _answer(self, request: Request, *, keep: bool) -> Answer:
        if len(request.body) > LARGEST_BODY_BYTES:
            raise Refusal(413, "")
        methods, parts = self._methods(request.path)
        if methods is None:
            return self._unrouted(request)
        if request.method == "OPTIONS":
            return Answer(200, (("Allow", _supported(methods, ",")),))
        operation = methods.get(request.method)
        if operation is None:
            raise Refusal(
                405,
                f"The {request.method} method is not supported for route "
                f"{'/'.join(parts)}. Supported methods: {_supported(methods, ', ')}.",
                headers=(("Allow", _supported(methods, ", ")),),
            )
        if operation == "sign-in":
            return self._sign_in(request)
        if operation == "login page":
            return login_page_answer()
        caller = self._authenticate(request)
        return self._limited(caller, lambda: self._perform(operation, caller, parts, request, keep))

    def _limited(self, caller: Caller, perform: Callable[[], Answer]) -> Answer:
        if self._rate_limit is None:
            return perform()
        headers = self._rate_limit.count(caller.name)
        try:
            return perform().with_headers(*headers)
        except Refusal as refusal:
            raise Refusal(
                refusal.status, refusal.message, refusal.errors, refusal.headers + headers
            ) from None

    def _methods(self, path: str) -> tuple[Mapping[str, str] | None, tuple[str, ...]]:
        """The operations of a path by method, and the parts of its route."""
        parts = tuple(path.strip("/").split("/"))
        if parts in SIGN_IN:
            return {"POST": "sign-in"}, parts
        prefix = tuple(part for part in self.prefix.split("/") if part)
        if parts[: len(prefix)] != prefix:
            return None, parts
        parts = parts[len(prefix) :]
        if parts == ("login",):
            return {"GET": "login page", "HEAD": "login page"}, parts
        if parts == POOLS:
            return COLLECTION, parts
        if parts[:3] == POOLS and len(parts) == 4 and parts[3]:
            return SINGLE, parts
        if parts[:3] == POOLS and len(parts) == 5 and parts[3] and parts[4] == "clear":
            return {"POST": "clear"}, parts
        return None, parts

    def _unrouted(self, request: Request) -> Answer:
        if self.prefix and not request.path.startswith(self.prefix):
            return nginx_answer(404)
        path = request.path.removeprefix(self.prefix).strip("/")
        raise Refusal(404, f"The route {path or '/'} could not be found.")

    def _authenticate(self, request: Request) -> Caller:
        credential = request.header("Authorization")
        scheme, _, token = credential.partition(" ")
        if scheme.lower() == "bearer":
            person_id = bearer.person_id_of(token.strip(), self.store.signing_secret())
            person = self.store.person(person_id) if person_id is not None else None
            caller = person.as_caller() if person else None
        else:
            caller = self.store.caller_of_key(credential) if credential else None
        if caller is None:
            raise Refusal(401, "Unauthenticated.")
        return caller

    def _sign_in(self, request: Request) -> Answer:
        fields = read_body(request, self.behaviour)
        named = self.behaviour.sign_in_field
        if named == "either":
            named = "email" if "email" in fields else "username"
        check(fields, {named: required(text), "password": required(text)}, self.behaviour)
        person = self.store.person_signing_in(fields[named], fields["password"])
        if person is None:
            return json_answer({"message": "These credentials do not match our records."}, 401)
        lifetime = self.behaviour.bearer_lifetime_seconds
        token = bearer.issue(person, lifetime, self.store.signing_secret())
        return json_answer(
            {"message": "Successfully logged in", "token": token, "expires_in": lifetime}
        )

    def _perform(
        self, operation: str, caller: Caller, parts: tuple[str, ...], request: Request, keep: bool
    ) -> Answer:
        if operation not in WRITES:
            return self._read(caller, self._bound_pool(caller, parts), request)
        with self.store.transaction(keep=keep):
            forbidden = Refusal(403, "This action is unauthorized.")
            if not caller.may_write and self.behaviour.first_refusal == "forbidden":
                raise forbidden
            pool = self._bound_pool(caller, parts)
            if not caller.may_write:
                raise forbidden
            answer, applied = self._write(operation, caller, pool, request)
        if keep and (operation != "update" or applied.before != applied.after):
            self.journal.applied.append(applied)
        return answer

    def _bound_pool(self, caller: Caller, parts: tuple[str, ...]) -> StoredPool | None:
        if parts == POOLS:
            return None
        word = parts[3]
        readable = word.isascii() and word.isdecimal() and len(word) < 19
        pool = self.store.get_pool(caller.company_id, int(word)) if readable else None
        if pool is None:
            raise _missing(word)
        return pool

    def _read(self, caller: Caller, pool: StoredPool | None, request: Request) -> Answer:
        question = read_question(request, self.behaviour)
        if pool is None:
            return self._list(caller, question)
        terms = question.terms if self.behaviour.filter_on_get == "applied" else ()
        if terms and not any(term.casefold() in pool.name.casefold() for term in terms):
            raise _missing(str(pool.id))
        (row,) = self._documents([pool], include=question.include)
        return json_answer({"data": self._shaped(row)})

    def _list(self, caller: Caller, question: Question) -> Answer:
        pools, total = self.store.find_pools(
            caller.company_id,
            terms=question.terms,
            sorts=question.sorts,
            first=(question.page - 1) * question.per_page,
            count=question.per_page,
            restless=self.behaviour.tied_rows == "restless" and bool(question.sorts),
        )
        path = f"{self.behaviour.believed_url}/{'/'.join(POOLS)}"
        rows = [self._shaped(row) for row in self._documents(pools, include=question.include)]
        return json_answer(page_document(rows, total, path, question, self.behaviour))

    def _write(
        self, operation: str, caller: Caller, pool: StoredPool | None, request: Request
    ) -> tuple[Answer, Applied]:
        before = self.document(pool) if pool else None
        after: dict[str, Any] | None = None
        if pool is None or operation == "update":
            fields = pool_fields(
                read_body(request, self.behaviour), self.behaviour, new=pool is None
            )
            if pool is None:
                pool = self.store.add_pool(caller.company_id, **fields)
            else:
                if self.behaviour.update == "replaces":
                    fields = {"timeout": None, **fields}
                touch = self.behaviour.unchanged_update == "touches"
                pool = self.store.update_pool(caller.company_id, pool, fields, touch=touch)
            after = self.document(pool)
            status = self.behaviour.create_status if operation == "create" else 200
            answer = json_answer({"data": self._shaped(after)}, status)
        elif operation == "delete":
            self.store.delete_pool(caller.company_id, pool.id)
            answer = json_answer({"message": "Connection pool deleted successfully."})
            if self.behaviour.delete_answer == "no-content":
                answer = Answer(204)
        else:
            self.store.clear_pool(pool.id)
            after = before
            answer = clear_answer(self.behaviour.clear_answer)
        request_id = request.header("X-Request-ID")
        return answer, Applied(operation, caller.company, pool.id, before, after, request_id)

    def document(
        self, pool: StoredPool, connectors: list[dict[str, Any]] | None = None
    ) -> dict[str, Any]:
        """A pool as Core shows it; without `connectors` there is no such key."""
        shown: dict[str, Any] = {"id": pool.id, "name": pool.name, "limit": pool.limit}
        if pool.timeout is not None or self.behaviour.unset_timeout == "null":
            shown["timeout"] = pool.timeout
        shown |= {"created_at": pool.created_at, "updated_at": pool.updated_at}
        if connectors is not None:
            shown["connectors"] = connectors
        elif self.behaviour.connectors_without_include == "empty":
            shown["connectors"] = []
        return shown

    def _shaped(self, document: dict[str, Any]) -> dict[str, Any]:
        """A pool's document as this Core writes it."""
        if self.behaviour.pool_shape == "plain":
            return document
        attributes = {name: value for name, value in document.items() if name != "id"}
        return {
            "id": str(document["id"]),
            "type": "connection-pools",
            "attributes": attributes,
        }

    def _documents(self, pools: list[StoredPool], *, include: bool) -> list[dict[str, Any]]:
        if not include:
            return [self.document(pool) for pool in pools]
        connectors = self.store.connectors_of(pool.id for pool in pools)
        return [self.document(pool, connectors[pool.id]) for pool in pools]


def clear_answer(kind: str) -> Answer:
    """What a good clear answers: an object, an empty list, nothing, or 204."""
    if kind == "no-content":
        return Answer(204)
    if kind == "nothing":
        return json_answer({}).with_body(b"")
    return json_answer([] if kind == "list" else {})


def _supported(methods: Mapping[str, str], separator: str) -> str:
    return separator.join(sorted(methods))


def _missing(word: str) -> Refusal:
    return Refusal(404, f"No query results for model [App\\Models\\ConnectionPool] {word}")
