"""The form that unlocks a pool."""

from django import forms

from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField, CheckedForm
from pools.models.bounds import REASON


class ReleaseForm(CheckedForm):
    """Why a pool is unlocked although the outcome of a change on it is not known."""

    unsaved = False
    reason = BoundedTextField(
        label="Reason",
        bounds=TextBounds(REASON),
        help_text="Say what you found. It's recorded with your name.",
        widget=forms.Textarea(attrs={"rows": 2, "autofocus": True}),
    )
