"""What evidence is asked for with, beside a filter."""

from django import forms
from django.core.exceptions import ValidationError

from pools.core.bounds import TextBounds
from pools.evidence.older import BadOlder, OlderCheckpoint, read_older
from pools.forms.checks import BoundedTextField, CheckedForm
from pools.models.bounds import CHECKPOINT
from pools.wording import evidence as wording


class EvidenceForm(CheckedForm):
    """An older checkpoint, if somebody kept one."""

    older = BoundedTextField(
        label="Older checkpoint",
        bounds=TextBounds(CHECKPOINT),
        required=False,
        help_text=wording.HINT,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false", "class": "code"}),
    )

    def clean_older(self) -> OlderCheckpoint | None:
        text = self.cleaned_data["older"]
        try:
            return read_older(text) if text else None
        except BadOlder as error:
            raise ValidationError(wording.about_older(error)) from None
