"""The switches: one for each point where Core's documentation is silent or says otherwise."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How this Core behaves; the first choice of each is the default.

    `create_status`: what a good create answers.
    `clear_answer`: `{}`, `[]`, 200 with nothing, or 204.
    `page_bounds`: 422 for a page or per_page out of bounds, or silently page 1 and no cap.
    `per_page_as`: how `meta.per_page` comes back.
    `summary`: the message of a 422, one fixed sentence or the first error.
    `sign_in_field`: the field that the sign-in wants beside the password.
    `unset_timeout`, `connectors_without_include`: what stands for what is not there.
    `tied_rows`: whether rows that a sort holds equal keep their places between two requests.
    `believed_url`: the scheme and host that Core believes it has; its links carry it.
    `rate_limit_per_minute`: calls per credential and minute; None for no limit.
    """

    create_status: Literal[200, 201] = 200
    clear_answer: Literal["object", "list", "nothing", "no-content"] = "object"
    page_bounds: Literal["strict", "lenient"] = "strict"
    per_page_as: Literal["number", "text"] = "number"
    summary: Literal["fixed", "first-error"] = "fixed"
    sign_in_field: Literal["username", "email", "either"] = "username"
    unset_timeout: Literal["null", "absent"] = "null"
    connectors_without_include: Literal["absent", "empty"] = "absent"
    tied_rows: Literal["steady", "restless"] = "steady"
    believed_url: str = "http://core.internal"
    latency_seconds: float = 0.0
    rate_limit_per_minute: int | None = None
    bearer_lifetime_seconds: int = 86_400
