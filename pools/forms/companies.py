"""A company as administrators fill it in, and try out before they save it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings

from pools.changes import open_changes
from pools.core import probe
from pools.core.bounds import TextBounds
from pools.forms.checks import BoundedTextField
from pools.forms.identifiers import IDENTIFIER
from pools.ledger.names import company_is_recorded
from pools.models import Company
from pools.models.bounds import IDS_BEGAN_AGAIN
from pools.models.vocabulary import MADE_HERE
from pools.wording import companies
from pools.wording.actions import words_for
from pools.wording.reachability import Finding, finding_for

if TYPE_CHECKING:
    CompanyModelForm = forms.ModelForm[Company]
else:
    CompanyModelForm = forms.ModelForm


class CompanyForm(CompanyModelForm):
    """Which changes need a reason is ticked, one by one."""

    reason_required_for = forms.MultipleChoiceField(
        label="Reason required",
        choices=lambda: [(each.value, words_for(each).word.capitalize()) for each in MADE_HERE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Changes that can't be made here without a reason.",
    )
    move_anyway = forms.BooleanField(
        label="Change the address anyway",
        required=False,
        help_text="Tick this to change the address although changes have no known outcome yet.",
    )
    ids_began_again = BoundedTextField(
        label="Patchworks was restored",
        required=False,
        bounds=TextBounds(IDS_BEGAN_AGAIN),
        help_text=(
            "Only after Patchworks was restored from a backup, when an id may belong to another "
            "pool than before: say what happened. The history of the earlier pools is then kept "
            "apart, and none of their changes can be reverted."
        ),
    )

    # What *Test connection* found, if it was pressed and there was an address to try.
    finding: Finding | None = None

    class Meta:
        model = Company
        fields = ("name", "slug", "base_url", "sign_in_url", "colour", "reason_required_for")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"name", "slug", "base_url", "sign_in_url"} & self.fields.keys():
            self.fields[name].widget.attrs |= IDENTIFIER

    def clean_slug(self) -> str:
        """Asked for a new company alone: the slug of one that is there stays."""
        slug: str = self.cleaned_data["slug"]
        if not self.instance.pk and company_is_recorded(slug):
            raise forms.ValidationError(companies.SLUG_RECORDED)
        return slug

    def clean(self) -> dict[str, Any]:
        """*Test connection* tries what is typed: the form comes back, and nothing is saved.

        Saving first is no way to try an address: every stored token would stop working.
        """
        cleaned = super().clean() or {}
        address = cleaned.get("base_url")
        moving = bool(self.instance.pk) and address and "base_url" in self.changed_data
        if moving and not cleaned.get("move_anyway") and (held := len(open_changes(self.instance))):
            self.add_error("base_url", companies.open_changes_stay_behind(held))
        if self.only_testing and address:
            finding = try_address(address)
            self.finding = replace(finding, sentence=companies.tried(address, finding.sentence))
        return cleaned

    @property
    def only_testing(self) -> bool:
        return "_test" in self.data

    def is_valid(self) -> bool:
        """A test is nothing to save, however good it turned out."""
        return super().is_valid() and not self.only_testing

    def save(self, commit: bool = True) -> Company:
        """Another address begins another origin by itself."""
        if self.cleaned_data.get("ids_began_again") and "base_url" not in self.changed_data:
            self.instance.origin += 1
        company: Company = super().save(commit)
        return company


def try_address(address: str) -> Finding:
    """What answers at an address, in words. Within one deadline."""
    try:
        return finding_for(probe(address, settings.CORE_LIMITS))
    except ValueError as refused:
        return Finding(False, str(refused))
