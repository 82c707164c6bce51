"""The form that takes an edit back."""

from typing import Any

from django.core.exceptions import ValidationError

from pools.changes import Difference, Snapshot, differences
from pools.core import Leave, PoolChanges
from pools.forms.pool_change import ChangeForm


class RevertForm(ChangeForm):
    """Puts back what an edit changed. The values are the record's: only the reason is typed."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen") and self.pool_changes() == PoolChanges():
            raise ValidationError("Nothing to revert: the pool already has these values.")
        return cleaned

    def pool_changes(self) -> PoolChanges | None:
        """What the pool, as the person saw it, needs to have the values from before again."""
        return self._undo.changes(self.cleaned_data["seen"]) if self._undo else None

    @property
    def limit_wanted(self) -> int | None:
        """What was before the edit that it reverts, where that changed the limit."""
        limit = self._puts_back.limit
        return None if isinstance(limit, Leave) else limit

    @property
    def name_wanted(self) -> str | None:
        """The same of the name."""
        name = self._puts_back.name
        return None if isinstance(name, Leave) else name

    @property
    def _puts_back(self) -> PoolChanges:
        """What it would send to the pool as the person saw it, or sees it."""
        now = self._opened
        if now is None and self.pool is not None:
            now = Snapshot.from_pool(self.pool)
        return PoolChanges() if now is None or self._undo is None else self._undo.changes(now)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What reverting does to the pool as it is now; nothing where there is no pool."""
        if self.pool is None or self._undo is None:
            return ()
        now = Snapshot.from_pool(self.pool)
        return differences(now, self._undo.result(now))
