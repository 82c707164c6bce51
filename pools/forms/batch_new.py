"""What is to be done with the pools that were chosen on a list: fills in an order for a batch."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import forms

from pools.batches.caps import CAPS
from pools.core.bounds import LIMIT, TIMEOUT, NumberBounds, TextBounds
from pools.forms.checks import BoundedTextField, CheckedForm, WholeNumberField
from pools.models import Company
from pools.models.batch import Operation
from pools.models.bounds import REASON
from pools.wording.bulk_actions import BulkOffer

# A thousand times as much is more than anybody means.
_PERCENT: Final = NumberBounds(1, 100_000, nullable=True)
_ONE_OF_THREE: Final = "Enter a number here, or in one of the two fields beside it."
_ONLY_ONE: Final = "Fill in only one of these three fields."
_NO_SECONDS: Final = "Enter the seconds, or tick “No timeout”."
_BOTH: Final = "Either enter the seconds, or tick “No timeout”."
_NO_CHANGE: Final = "That leaves every limit as it is."


_VALUES: Final = ("limit_to", "limit_by", "limit_percent", "timeout_to", "timeout_none")


class OrderForm(CheckedForm):
    """An operation, its value and the reason; `how` is what a batch keeps of the value.

    Fields of another operation than the chosen one are neither read nor lost.
    """

    operation = forms.ChoiceField(label="What to do", widget=forms.RadioSelect)
    limit_to = WholeNumberField(
        label="To",
        bounds=NumberBounds(LIMIT.least, LIMIT.largest, nullable=True),
        help_text="One limit for all of them.",
    )
    limit_by = WholeNumberField(
        label="By",
        bounds=NumberBounds(-LIMIT.largest, LIMIT.largest, nullable=True),
        help_text="2 raises each limit by 2; -2 lowers it.",
        error_messages={"invalid": "Enter a whole number, for example 2 or -2."},
    )
    limit_percent = WholeNumberField(
        label="Percent",
        bounds=_PERCENT,
        unit="%",
        help_text="80 turns a limit of 10 into 8.",
        error_messages={"invalid": "Enter a whole number of per cent, for example 80."},
    )
    timeout_to = WholeNumberField(label="Timeout", bounds=TIMEOUT, help_text="In seconds.")
    timeout_none = forms.BooleanField(label="No timeout", required=False)
    reason = BoundedTextField(
        label="Reason",
        bounds=TextBounds(REASON),
        required=False,
        help_text="For example ZD-4711. Shown in the history of each pool.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, company: Company, offers: Sequence[BulkOffer], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._company = company
        self.offers = {each.operation: each for each in offers}
        choices = [(each.operation.value, each.button) for each in offers]
        self.fields["operation"].choices = choices  # type: ignore[attr-defined]
        self.initial.setdefault("operation", choices[0][0])
        first = {Operation.LIMIT: "limit_to", Operation.TIMEOUT: "timeout_to"}
        starts_at = first.get(self.chosen.operation, "reason")
        self.fields[starts_at].widget.attrs["autofocus"] = True

    @property
    def chosen(self) -> BulkOffer:
        """The operation that is chosen now, the first one until one is."""
        typed = self["operation"].value()
        return self.offers.get(typed) or next(iter(self.offers.values()))

    @property
    def cap(self) -> int:
        return CAPS[self.chosen.operation]

    @property
    def how(self) -> Mapping[str, Any]:
        """What the operation does with each pool, of a valid form."""
        values = self.cleaned_data
        if self.chosen.operation is Operation.TIMEOUT:
            return {"to": values["timeout_to"]}
        if self.chosen.operation is not Operation.LIMIT:
            return {}
        return {how: values[f"limit_{how}"] for how in self._hows()}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        operation = self.chosen.operation
        for name in _VALUES:
            if not name.startswith(operation):
                self.errors.pop(name, None)
        if not self.errors and operation is Operation.LIMIT:
            self._check_limit(cleaned)
        if not self.errors and operation is Operation.TIMEOUT:
            self._check_timeout(cleaned)
        required = self.chosen.right.value in self._company.reason_required_for
        if required and not cleaned.get("reason") and "reason" not in self.errors:
            self.add_error("reason", self.fields["reason"].error_messages["required"])
        return cleaned

    def _hows(self) -> list[str]:
        """Which of the three numbers of a limit are filled in."""
        hows = ("to", "by", "percent")
        return [how for how in hows if self.cleaned_data.get(f"limit_{how}") is not None]

    def _check_limit(self, cleaned: dict[str, Any]) -> None:
        hows = self._hows()
        if not hows:
            self.add_error("limit_to", _ONE_OF_THREE)
        elif hows[1:]:
            self.add_error(f"limit_{hows[1]}", _ONLY_ONE)
        elif cleaned["limit_by"] == 0 or cleaned["limit_percent"] == 100:
            self.add_error(f"limit_{hows[0]}", _NO_CHANGE)

    def _check_timeout(self, cleaned: dict[str, Any]) -> None:
        if cleaned["timeout_none"] == (cleaned["timeout_to"] is not None):
            self.add_error("timeout_to", _BOTH if cleaned["timeout_none"] else _NO_SECONDS)
