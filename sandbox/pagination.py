"""Laravel's `links` and `meta` of a page."""

from math import ceil
from typing import Any, Final

from sandbox.behaviour import Behaviour
from sandbox.questions import Question

EACH_SIDE: Final = 3


def page_document(
    rows: list[dict[str, Any]], total: int, path: str, question: Question, behaviour: Behaviour
) -> dict[str, Any]:
    """The whole answer of a list. `path` is the address that Core believes the list has."""
    last_page = max(ceil(total / question.per_page), 1)
    page, first = question.page, (question.page - 1) * question.per_page + 1

    def address(number: int) -> str:
        return f"{path}?page={number}"

    before = address(page - 1) if page > 1 else None
    after = address(page + 1) if page < last_page else None
    as_text = behaviour.per_page_as == "text"
    return {
        "data": rows,
        "links": {"first": address(1), "last": address(last_page), "prev": before, "next": after},
        "meta": {
            "current_page": page,
            "from": first if rows else None,
            "last_page": last_page,
            "links": [
                {"url": before, "label": "&laquo; Previous", "active": False},
                *(
                    {
                        "url": address(number) if number else None,
                        "label": str(number) if number else "...",
                        "active": number == page,
                    }
                    for number in page_window(page, last_page)
                ),
                {"url": after, "label": "Next &raquo;", "active": False},
            ],
            "path": path,
            "per_page": str(question.per_page) if as_text else question.per_page,
            "to": first + len(rows) - 1 if rows else None,
            "total": total,
        },
    }


def page_window(page: int, last_page: int) -> list[int]:
    """The numbers that Laravel links to; 0 stands for the dots between."""
    window = EACH_SIDE + 4
    if last_page < EACH_SIDE * 2 + 8:
        return list(range(1, last_page + 1))
    ends = [last_page - 1, last_page]
    if page <= window:
        return [*range(1, window + EACH_SIDE + 1), 0, *ends]
    if page > last_page - window:
        return [1, 2, 0, *range(last_page - (window + EACH_SIDE - 1), last_page + 1)]
    return [1, 2, 0, *range(page - EACH_SIDE, page + EACH_SIDE + 1), 0, *ends]
