"""What a change did to its pool, as a sentence of the pool's history: operator raised the limit."""

from dataclasses import dataclass

from pools.changes import Difference, HistoryItem, Snapshot
from pools.changes.proposal import CONNECTORS, UNREADABLE
from pools.changes.state import ChangeState
from pools.models.vocabulary import Action
from pools.wording.versions import in_words


@dataclass(frozen=True, slots=True)
class Sentence:
    """What follows the person's name.

    `change` is what the verb is about, from and to; None where it is about none, or several.
    `values` are those of a pool that was created or deleted ("": of no other, or not known).
    """

    verb: str
    change: Difference | None = None
    values: str = ""


def sentence_of(item: HistoryItem) -> Sentence:
    """In the past; what isn't known to have happened was tried."""
    if item.state is ChangeState.UNREADABLE:
        return Sentence("made a change that can't be read")
    found = item.differences
    one = found[0] if len(found) == 1 else None
    past, infinitive = _of_one(item, one) if one else _of_all(item)
    verb = past if item.took_effect else f"tried to {infinitive}"
    return Sentence(verb, one, _values(item))


def _of_one(item: HistoryItem, found: Difference) -> tuple[str, str]:
    match found.field:
        case "name":
            return "renamed it", "rename it"
        case "timeout" if found.before == "none":
            return "set a timeout", "set a timeout"
        case field if found.before == UNREADABLE:
            return f"set the {field}", f"set the {field}"
        case "timeout" if found.after == "none":
            return "removed the timeout", "remove the timeout"
        case field:
            up = _grew(item, field)
            return f"{'raised' if up else 'lowered'} the {field}", (
                f"{'raise' if up else 'lower'} the {field}"
            )


def _grew(item: HistoryItem, field: str) -> bool:
    """Told by what was asked for: what Patchworks kept differs from it in nothing that counts."""
    before, after = getattr(item.before, field), getattr(item.wanted or item.after, field)
    return bool(after > before)


def _of_all(item: HistoryItem) -> tuple[str, str]:
    match item.action:
        case Action.CREATE:
            again = " again" if item.reverts else ""
            return f"created it{again}", f"create it{again}"
        case Action.CLEAR:
            return "cleared it", "clear it"
        case Action.DELETE:
            return "deleted it", "delete it"
    return "changed it", "change it"


def _values(item: HistoryItem) -> str:
    """For instance: limit 5, timeout none, connectors 1, 2."""
    shown: Snapshot | None = None
    if item.action is Action.CREATE:
        shown = item.after or item.wanted
    elif item.action is Action.DELETE:
        shown = item.before
    if shown is None:
        return ""
    values = [f"{field} {in_words(shown, field)}" for field in ("limit", "timeout")]
    if shown.connector_ids:
        values.append(f"connectors {in_words(shown, CONNECTORS)}")
    return ", ".join(values)
