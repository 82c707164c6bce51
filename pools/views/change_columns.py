"""The columns of the lists of changes and of events: their headings.

Their cells are in templates/parts/change_cells.html and event_cells.html, in the same order.
"""

from typing import Final

# Left out of the list of one company.
_COMPANY: Final = "Company"

CHANGE_COLUMNS: Final = (
    "Time",
    "Outcome",
    "Who",
    "What happened",
    "Pool",
    _COMPANY,
    "Reason",
)
EVENT_COLUMNS: Final = (
    "Time",
    "Who",
    "Event",
    _COMPANY,
    "Details",
    "Reason",
    "From",
)


def columns_of(*, events: bool, one_company: bool) -> list[str]:
    """The headings as the page shows them."""
    columns = EVENT_COLUMNS if events else CHANGE_COLUMNS
    return [column for column in columns if not one_company or column != _COMPANY]
