"""The switches: one for each point where Core's documentation is silent or says otherwise."""

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.bearer import LIFETIME_SECONDS


def _switch(default: Any, meaning: str) -> Any:
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Behaviour:
    """How this Core behaves. Each switch says in its metadata what it means."""

    create_status: Literal[200, 201] = _switch(200, "what a good create answers")
    clear_answer: Literal["object", "list", "nothing", "no-content"] = _switch(
        "object", "what a good clear answers: {}, [], 200 with nothing, or 204"
    )
    delete_answer: Literal["message", "no-content"] = _switch(
        "message", "what a good delete answers: 200 with a message, or 204"
    )
    page_bounds: Literal["strict", "lenient"] = _switch(
        "strict", "page and per_page out of bounds: 422, or silently page 1 and no cap"
    )
    per_page_as: Literal["number", "text"] = _switch("number", "how meta.per_page comes back")
    summary: Literal["fixed", "first-error"] = _switch(
        "fixed", "the message of a 422: one fixed sentence, or the first error and a count"
    )
    refusal_body: Literal["message", "nothing"] = _switch(
        "message", "the body of a 401 and a 403: Laravel's message, or none, as in the contract"
    )
    sign_in_field: Literal["username", "email", "either"] = _switch(
        "username", "the field beside the password in a sign-in"
    )
    unset_timeout: Literal["null", "absent"] = _switch(
        "null", "how a pool without a timeout is written"
    )
    connectors_without_include: Literal["absent", "empty"] = _switch(
        "absent", "connectors that were not asked for"
    )
    includes: Literal["known", "refused"] = _switch(
        "known", "whether `include=connectors.system` is known, or an unknown word"
    )
    pool_shape: Literal["plain", "json-api"] = _switch(
        "plain", "how a pool is written: plainly, or wrapped with type and attributes"
    )
    largest_page: int | None = _switch(None, "the most rows that are given, whatever was asked for")
    tied_rows: Literal["steady", "restless"] = _switch(
        "steady", "whether rows that a sort holds equal keep their order between requests"
    )
    text_input: Literal["laravel-12", "laravel-11", "laravel-8", "as-sent"] = _switch(
        "laravel-12", "which version's trimming of texts: 12 drops the most at both ends, 8 least"
    )
    name_kept: Literal["as-sent", "upper-case", "cut", "html"] = _switch(
        "as-sent", "what becomes of a valid name: kept, in capitals, cut at 50, or as HTML"
    )
    number_input: Literal["tolerant", "strict"] = _switch(
        "tolerant", "whether a text, a float without a fraction and true pass for a number"
    )
    huge_numbers: Literal["error", "invalid"] = _switch(
        "error", "a number that the database cannot hold: 500, or 422"
    )
    unchanged_update: Literal["leaves", "touches"] = _switch(
        "leaves", "what an update without a difference does with updated_at"
    )
    update: Literal["merges", "replaces"] = _switch(
        "merges", "an update without a timeout: it stays, or there is none afterwards"
    )
    unknown_words: Literal["refused", "ignored"] = _switch(
        "refused", "an unknown filter, sort or include: 400, or as if it were not there"
    )
    filter_on_get: Literal["applied", "ignored"] = _switch(
        "applied", "a filter that does not fit the pool of a get: 404, or the pool all the same"
    )
    first_refusal: Literal["missing", "forbidden"] = _switch(
        "missing", "a write without the right to a pool that is not there: 404, or 403"
    )
    other_accept: Literal["pages", "json"] = _switch(
        "pages",
        "refusals to a client that does not accept JSON first: redirects and pages, or JSON",
    )
    json_text: Literal["escaped", "plain"] = _switch(
        "escaped", "whether slashes and everything beyond ASCII are escaped"
    )
    believed_url: str = _switch(
        "http://core.internal", "the scheme and host that Core puts into its links"
    )
    latency_seconds: float = _switch(0.0, "seconds to wait before every answer")
    rate_limit_per_minute: int | None = _switch(None, "calls per credential and minute")
    bearer_lifetime_seconds: int = _switch(
        LIFETIME_SECONDS, "how many seconds a bearer token lasts"
    )
