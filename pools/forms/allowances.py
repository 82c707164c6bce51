"""What an account at a system allows, as Managers fill it in."""

from typing import Any

from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField, CheckedForm, WholeNumberField
from pools.forms.identifiers import IDENTIFIER
from pools.models.bounds import ALLOWANCE, SYSTEM_NAME


class AllowanceForm(CheckedForm):
    """A system, and how many requests at a time the company's account there allows."""

    system = BoundedTextField(
        label="System",
        bounds=TextBounds(SYSTEM_NAME),
        help_text="As Patchworks names it, for example NetSuite.",
    )
    allowance = WholeNumberField(
        label="Allowance",
        bounds=ALLOWANCE,
        help_text="How many requests at a time the account there takes, from all integrations.",
        error_messages={
            "min_value": "At least %(limit_value)s. To keep no allowance, remove it.",
            "max_value": "At most %(limit_value)s. To keep no allowance, remove it.",
        },
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["system"].widget.attrs |= IDENTIFIER
