"""A company as administrators fill it in, and try out before they save it."""

from typing import TYPE_CHECKING, Any

from django import forms

from pools.changes import MADE_HERE
from pools.models import Company
from pools.reachability import try_address

if TYPE_CHECKING:
    CompanyModelForm = forms.ModelForm[Company]
else:
    CompanyModelForm = forms.ModelForm


class CompanyForm(CompanyModelForm):
    """Which changes need a reason is ticked, one by one."""

    reason_required_for = forms.MultipleChoiceField(
        label="Reason required",
        choices=[(action.value, action.capitalize()) for action in MADE_HERE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The changes that nobody can make here without giving a reason.",
    )

    class Meta:
        model = Company
        fields = ("name", "slug", "base_url", "sign_in_url", "colour", "reason_required_for")

    def clean(self) -> dict[str, Any]:
        """*Test connection* tries what is typed: the form comes back, and nothing is saved.

        Saving first would be no way to try an address: it closes every stored token.
        """
        cleaned = super().clean() or {}
        address = cleaned.get("base_url")
        if "_test" in self.data and address:
            self.add_error(None, f"{address}: {try_address(address).sentence} Nothing is saved.")
        return cleaned
