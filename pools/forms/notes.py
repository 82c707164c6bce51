"""The note that is pinned to a pool, or to a company."""

from django import forms

from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField, CheckedForm
from pools.models.bounds import NOTE


class NoteForm(CheckedForm):
    """What it is to say, and which note its person has read: the ledger's entry, 0 for none."""

    unsaved = False
    note = BoundedTextField(
        label="Note",
        bounds=TextBounds(NOTE),
        help_text="Shown on the list, on the pool and before every change.",
        error_messages={"required": "Write a note, or remove it."},
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    read = forms.RegexField("[0-9]{1,18}", widget=forms.HiddenInput)

    @property
    def has_read(self) -> int:
        """The note that its person has read; none of ours where that was tampered with."""
        return int(self.data["read"]) if "read" not in self.errors else -1
