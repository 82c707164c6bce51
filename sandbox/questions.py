"""The list's question: filter, sort, include and page, refused as Laravel refuses them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sandbox.behaviour import Behaviour
from sandbox.http_messages import Refusal, Request
from sandbox.inputs import BEYOND_64_BITS, as_integer, at_most, check, clean, integer, nullable

INCLUDE: Final = "connectors.system"
SORTS: Final = ("name", "limit", "created_at")
DEFAULT_PER_PAGE: Final = 15
LARGEST_PER_PAGE: Final = 100


@dataclass(frozen=True)
class Question:
    """What a list (or a get) was asked. `terms` are alternatives; empty means all."""

    terms: tuple[str, ...]
    sorts: tuple[str, ...]
    include: bool
    page: int
    per_page: int


def read_question(request: Request, behaviour: Behaviour) -> Question:
    """The question of a request; raises Refusal: 422 for a bad page, 400 for an unknown word."""
    values: dict[str, str | None] = {}
    for key, value in request.query:
        if key.endswith("[]"):
            key, value = key[:-2], ",".join(filter(None, (values.get(key[:-2]), value)))
        values[key] = clean(value, behaviour)
    page, per_page = _read_page(values, behaviour)
    if behaviour.unknown_words == "refused":
        _refuse_unknown_words(values, behaviour)
    return Question(
        _parts(values, "filter[name]"),
        tuple(part for part in _parts(values, "sort") if part.removeprefix("-") in SORTS),
        INCLUDE in _parts(values, "include") and behaviour.includes == "known",
        page,
        per_page,
    )


def _parts(values: Mapping[str, str | None], name: str) -> tuple[str, ...]:
    return tuple(filter(None, (values.get(name) or "").split(",")))


def _refuse_unknown_words(values: Mapping[str, str | None], behaviour: Behaviour) -> None:
    filters = {key[7:].partition("]")[0] for key in values if key.startswith("filter[")}
    _refuse_unknown("filter", filters - {"name"}, "are", ("name",))
    sorts = {part.removeprefix("-") for part in _parts(values, "sort")}
    _refuse_unknown("sort", sorts - {*SORTS}, "is", SORTS)
    includes = () if behaviour.includes == "refused" else (INCLUDE,)
    _refuse_unknown("include", {*_parts(values, "include")} - {*includes}, "are", includes)


def _read_page(values: Mapping[str, str | None], behaviour: Behaviour) -> tuple[int, int]:
    page, per_page = _whole(values.get("page")), _whole(values.get("per_page"))
    if behaviour.page_bounds == "strict":
        numbers = {"page": values.get("page"), "per_page": values.get("per_page")}
        # PHP cannot read an integer beyond 64 bits from a query: to it, that is a word.
        numbers = {
            name: "beyond" if value and _whole(value) is None else value
            for name, value in numbers.items()
        }
        rules = {"page": nullable(integer), "per_page": nullable(at_most(LARGEST_PER_PAGE))}
        check(numbers, rules, behaviour)
    size = per_page if per_page is not None and per_page >= 1 else DEFAULT_PER_PAGE
    return (
        page if page is not None and page >= 1 else 1,
        size if behaviour.largest_page is None else min(size, behaviour.largest_page),
    )


def _whole(value: str | None) -> int | None:
    number = as_integer(value)
    return number if number is not None and abs(number) < BEYOND_64_BITS else None


def _refuse_unknown(kind: str, unknown: set[str], verb: str, allowed: tuple[str, ...]) -> None:
    if unknown:
        raise Refusal(
            400,
            f"Requested {kind}(s) `{', '.join(sorted(unknown))}` {verb} not allowed. "
            f"Allowed {kind}(s) are `{', '.join(allowed)}`.",
        )
