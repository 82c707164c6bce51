"""Answers made wrong on purpose, before they reach the wire."""

import gzip
import json
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from sandbox.api import Api, clear_answer
from sandbox.faults import Faults
from sandbox.http_messages import JSON, Answer, Refusal, Request, reason_phrase
from sandbox.rate_limit import too_many
from sandbox.rendering import (
    encode,
    json_answer,
    nginx_answer,
    redirect_answer,
)

MEGABYTE: Final = 2**20
SHAPES: Final = (
    "list-for-object",
    "text-for-number",
    "null",
    "missing",
    "extra-fields",
    "huge-integers",
    "nan",
    "duplicate-keys",
)
MARK: Final = "sandbox:number"
POOL_FIELDS: Final = ("id", "name", "limit", "timeout", "created_at", "updated_at", "connectors")


def replaced_answer(api: Api, request: Request, faults: Faults) -> Answer | None:
    """The answer that replaces the operation's own, if a fault asks for one."""
    if "status" in faults:
        return _status_answer(*faults["status"])
    if "rate-limit" in faults:
        seconds = faults["rate-limit"]
        return api.refuse(request, too_many(seconds, 60, int(time.time()) + seconds))
    if "redirect" in faults:
        code, location = faults["redirect"]
        return redirect_answer(code, location or api.login_url(request))
    return None


def _status_answer(status: int, kind: str) -> Answer:
    if kind == "empty":
        return Answer(status, (("Content-Type", JSON),))
    if kind == "html":
        return nginx_answer(status)
    messages = {
        401: "Unauthenticated.",
        403: "This action is unauthorized.",
        500: "Server Error",
    }
    refusal = Refusal(status, messages.get(status, reason_phrase(status)))
    if status == 422:
        errors = {"limit": ("A sandbox says no.", "It says so twice."), "name": ("Nor this.",)}
        refusal = Refusal(status, "The given data was invalid.", errors)
    return json_answer(refusal.body(), status)


def distorted(answer: Answer, operation: str, faults: Faults) -> Answer:
    """The answer with everything done to it that faults want done before it is sent."""
    if operation == "create" and answer.status == 200 and "create-201" in faults:
        answer = Answer(201, answer.headers, answer.body)
    for name in ("list", "nothing", "no-content"):
        if operation == "clear" and answer.status == 200 and f"clear-{name}" in faults:
            answer = clear_answer(name)
    if "set-cookie" in faults:
        answer = answer.with_headers(("Set-Cookie", f"{faults['set-cookie']}; path=/; httponly"))
    answer = _misshapen(answer, faults)
    if "deep-json" in faults:
        depth = faults["deep-json"]
        answer = answer.with_body(b'{"data":' + b"[" * depth + b"]" * depth + b"}")
    if "gzip-bomb" in faults:
        answer = answer.with_body(_bomb(faults["gzip-bomb"]))
        answer = answer.with_headers(("Content-Encoding", "gzip"))
    if "chained-encodings" in faults:
        times = faults["chained-encodings"]
        body = answer.body
        for _ in range(times):
            body = gzip.compress(body, mtime=0)
        answer = answer.with_body(body)
        answer = answer.with_headers(("Content-Encoding", ", ".join(["gzip"] * times)))
    return answer


@lru_cache(maxsize=2)
def _bomb(megabytes: int) -> bytes:
    return gzip.compress(b'{"data":[' + b" " * (megabytes * MEGABYTE) + b"]}", mtime=0)


def _misshapen(answer: Answer, faults: Faults) -> Answer:
    shaped = any(name in faults for name in SHAPES)
    if not shaped or ("Content-Type", JSON) not in answer.headers or not answer.body:
        return answer
    document = json.loads(answer.body)
    if "list-for-object" in faults:
        document = _listed(document)
    if "text-for-number" in faults:
        document = _numbers_replaced(document, "many", faults["text-for-number"])
    for name in ("null", "missing"):
        if name in faults:
            document = _fields_lost(document, faults[name], keep_key=name == "null")
    if "extra-fields" in faults:
        document = _extended(document)
    return answer.with_body(_written(document, faults))


def _written(document: Any, faults: Faults) -> bytes:
    if "duplicate-keys" in faults:
        return _with_duplicates(document).encode("ascii")
    for name in ("huge-integers", "nan"):
        if name in faults:
            number = b"NaN" if name == "nan" else b"9" * faults[name]
            marked = encode(_numbers_replaced(document, MARK, ""))
            return marked.replace(f'"{MARK}"'.encode("ascii"), number)
    return encode(document)


def _listed(document: Any) -> Any:
    if not isinstance(document, dict) or "data" not in document:
        return [document]
    inner = document["data"]
    rows = [[row] for row in inner] if isinstance(inner, list) else [inner]
    return {**document, "data": rows}


def _walk(value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _walk(inner, change) for key, inner in change(value).items()}
    return value


def _numbers_replaced(document: Any, word: str, field: str) -> Any:
    def change(fields: dict[str, Any]) -> dict[str, Any]:
        return {
            key: word if type(inner) is int and field in ("", key) else inner
            for key, inner in fields.items()
        }

    return _walk(document, change)


def _fields_lost(document: Any, field: str, *, keep_key: bool) -> Any:
    def change(fields: dict[str, Any]) -> dict[str, Any]:
        lost = (field,) if field else POOL_FIELDS if "limit" in fields else ()
        kept = {key: inner for key, inner in fields.items() if key not in lost}
        return {key: kept.get(key) for key in fields if key in kept or keep_key}

    return _walk(document, change)


def _extended(document: Any) -> Any:
    def change(fields: dict[str, Any]) -> dict[str, Any]:
        return {"sandbox_first": [1, {"inner": None}], **fields, "sandbox_last": "unknown"}

    # From the inside out: what is added holds an object itself, which stays as it is.
    if isinstance(document, list):
        return [_extended(item) for item in document]
    if isinstance(document, dict):
        return change({key: _extended(inner) for key, inner in document.items()})
    return document


def _with_duplicates(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ",".join(map(_with_duplicates, value)) + "]"
    if isinstance(value, dict):
        pairs = [(key, _with_duplicates(inner)) for key, inner in value.items()]
        pairs = [*pairs, (pairs[0][0], "null")] if pairs else [("key", "1"), ("key", "2")]
        return "{" + ",".join(f"{json.dumps(key)}:{inner}" for key, inner in pairs) + "}"
    return encode(value).decode("ascii")
