"""A change as plain text, ready to be pasted into a ticket; and what its outcome means."""

from datetime import UTC
from typing import Final

from django.utils import timezone

from pools.changes import Action, HistoryItem, Outcome, Snapshot
from pools.changes.reading import WholeChange

TITLES: Final = {
    Action.CREATE: "New pool",
    Action.EDIT: "Edit of pool",
    Action.CLEAR: "Clearing of pool",
    Action.DELETE: "Deletion of pool",
}
_MEANINGS: Final = {
    Outcome.REFUSED: "Core said no: nothing was changed.",
    Outcome.NOT_SENT: "It did not reach Core: nothing was changed.",
    Outcome.UNKNOWN: "It was sent, and no clear answer came: it may or may not have happened.",
}
_FIELDS: Final = ("name", "limit", "timeout", "connectors")


def meaning_of(item: HistoryItem) -> str:
    """What an outcome says about the pool, as one sentence."""
    if item.outcome is None:
        return "It is being sent: its outcome is not known yet."
    if item.outcome is not Outcome.DONE:
        return _MEANINGS[item.outcome]
    if item.verified:
        return "Core confirmed it, and reading the pool back showed it."
    if item.action is Action.CLEAR:
        return "Core confirmed it. What was dropped cannot be read back."
    return "Core confirmed it; reading the pool back did not show it."


def compared(whole: WholeChange) -> tuple[str, list[dict[str, str | bool]]]:
    """Each value before and after: the heading of the latter, and one row a field.

    What was asked for stands in where nothing was read or answered afterwards.
    """
    item = whole.line.item
    heading, after = "After", item.after
    if after is None and whole.wanted is not None:
        heading, after = "As asked for", whole.wanted
    gone = item.action is Action.DELETE and item.outcome is Outcome.DONE
    rows: list[dict[str, str | bool]] = []
    for field in _FIELDS:
        values = _value(item.before, field), "" if gone else _value(after, field)
        differs = bool(values[0] and values[1]) and values[0] != values[1]
        if any(values):
            rows.append(
                {
                    "label": field.capitalize(),
                    "before": values[0],
                    "after": values[1],
                    "differs": differs,
                }
            )
    return heading, rows


def as_text(whole: WholeChange, company: str, address: str) -> str:
    """The change in plain lines; `company` is its name, `address` that of its page."""
    item = whole.line.item
    here, there = timezone.localtime(item.at), item.at.astimezone(UTC)
    pool = f" (id {item.pool_id})" if item.pool_id is not None else ""
    when = f"{here:%d %b %Y %H:%M:%S %Z}"
    if here.utcoffset():
        when += f" ({there:%H:%M:%S} UTC)"
    heading, rows = compared(whole)
    outcome = "under way" if item.outcome is None else item.outcome.replace("_", " ")
    return "\n".join(
        [
            f"{TITLES[item.action]} “{item.pool_name}”{pool} in {company}",
            f"Outcome: {outcome}. {meaning_of(item)}",
            f"Who: {item.actor_name}, {when}",
            *([f"Reason: {item.reason}"] if item.reason else []),
            *(_line(row, heading) for row in rows if row["differs"] or not row["before"]),
            *([f"Core said: {item.message}"] if item.message else []),
            *(
                [f"Released by {item.released_by}: {item.released_reason}"]
                if item.released_by
                else []
            ),
            f"Change: {address}",
        ]
    )


def _line(row: dict[str, str | bool], heading: str) -> str:
    note = "" if heading == "After" else f" ({heading.lower()})"
    if row["before"]:
        return f"{row['label']}: {row['before']} → {row['after']}{note}"
    return f"{row['label']}: {row['after']}{note}"


def _value(snapshot: Snapshot | None, field: str) -> str:
    if snapshot is None:
        return ""
    if field == "connectors":
        ids = snapshot.connector_ids
        if ids is None:
            return "not said"
        return ", ".join(map(str, ids)) or "none"
    value = getattr(snapshot, field)
    return "none" if value is None else str(value)
