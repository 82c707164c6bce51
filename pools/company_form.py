"""A company as administrators fill it in."""

from typing import TYPE_CHECKING

from django import forms

from pools.changes import Action
from pools.models import Company

if TYPE_CHECKING:
    CompanyModelForm = forms.ModelForm[Company]
else:
    CompanyModelForm = forms.ModelForm


class CompanyForm(CompanyModelForm):
    """Which changes need a reason is ticked, one by one."""

    reason_required_for = forms.MultipleChoiceField(
        label="Reason required",
        choices=[(action.value, action.capitalize()) for action in Action],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The changes that nobody can make here without giving a reason.",
    )

    class Meta:
        model = Company
        fields = ("name", "slug", "base_url", "sign_in_url", "colour", "reason_required_for")
