"""The form that deletes a pool."""

from typing import Any

from django import forms

from pools.changes import Snapshot
from pools.core.comparing import has_no_ink, looks_alike
from pools.forms.identifiers import IDENTIFIER
from pools.forms.pool_change import ChangeForm
from pools.models.vocabulary import Action
from pools.wording.direction import marked


class DeleteForm(ChangeForm):
    """Asks for the pool's name where connectors would lose their cap."""

    confirm_name = forms.CharField(
        label="Name",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    field_order = ("confirm_name", "reason")

    def starts_at(self, action: Action) -> tuple[str, ...]:
        return ("confirm_name", "reason")

    @property
    def name_required(self) -> bool:
        """Whether the name has to be typed: not where nothing hangs on the pool."""
        return self.connectors != 0

    @property
    def to_type(self) -> str:
        """What confirms it: the pool's name; its id where there is nothing to see of a name."""
        name = (self.pool and self.pool.name) or ""
        return str(self._pool_id) if has_no_ink(name) else name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen: Snapshot | None = cleaned.get("seen")
        # Unknown connectors count as connectors: the careful way.
        if seen and seen.connector_ids != ():
            name = seen.name or ""
            wanted = str(self._pool_id) if has_no_ink(name) else name
            typed = cleaned.get("confirm_name", "")
            if not any(looks_alike(typed, each) for each in (wanted, marked(wanted))):
                self.add_error("confirm_name", "Type the pool's name as shown above.")
        return cleaned
