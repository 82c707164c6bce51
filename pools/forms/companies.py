"""A company as administrators fill it in, and try out before they save it."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.conf import settings
from django.http import QueryDict

from pools import companies as acts
from pools.changes import open_changes
from pools.companies import IDS_BEGAN_AGAIN, Changed, people_with_tokens
from pools.core import Budget, probe, probe_sign_in
from pools.core.bounds import NumberBounds, TextBounds
from pools.forms.checks import BoundedTextField, CheckedBoundField, WholeNumberField, uncut
from pools.forms.identifiers import IDENTIFIER
from pools.ledger.appending import Actor
from pools.ledger.recorded_names import company_is_recorded
from pools.models import Company, bounds
from pools.models.company import OWN_WORDS
from pools.models.vocabulary import MADE_HERE
from pools.wording import companies as wording
from pools.wording.actions import words_for
from pools.wording.reachability import Finding, finding_for, finding_for_sign_in

if TYPE_CHECKING:
    CompanyModelForm = forms.ModelForm[Company]
else:
    CompanyModelForm = forms.ModelForm

# What may be changed of a company that is there.
_CHANGEABLE: Final = (
    *("name", "base_url", "sign_in_url", "colour", "reason_required_for", "position"),
)


class SwatchSelect(forms.RadioSelect):
    """Colours to choose from, each shown beside its name."""

    template_name = "django/forms/widgets/swatches.html"


class CompanyForm(CompanyModelForm):
    """Only what a person changed is changed: the rest follows what the company is by now.

    `seen` is what the form showed when it was opened. `asks_to_move`: a new address ends
    something, which was said, and wants a tick.
    """

    bound_field_class = CheckedBoundField

    reason_required_for = forms.MultipleChoiceField(
        label="Reason required",
        choices=lambda: [(each.value, words_for(each).word.capitalize()) for each in MADE_HERE],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Changes that can't be made here without a reason.",
    )
    position = WholeNumberField(
        label="Order",
        bounds=NumberBounds(1, bounds.LAST_POSITION),
        help_text="Lists show companies by this number, and those that share one by name.",
    )
    move_anyway = forms.BooleanField(label="Change the address anyway", required=False)
    ids_began_again = BoundedTextField(
        label="Patchworks was restored",
        required=False,
        bounds=TextBounds(bounds.IDS_BEGAN_AGAIN),
        help_text=(
            "Only after Patchworks was restored from a backup, when an id may belong to another "
            "pool than before: say what happened. The history of the earlier pools is then kept "
            "apart, and none of their changes can be reverted."
        ),
    )
    seen = forms.CharField(required=False, widget=forms.HiddenInput)

    asks_to_move = False

    class Meta:
        model = Company
        fields = ("name", "slug", *_CHANGEABLE[1:])
        widgets = {"colour": SwatchSelect}
        help_texts = {"name": "As your team calls it. You can change it at any time."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = _values_of(self.instance)
        self.initial.setdefault("seen", json.dumps(self._stored))
        if self.is_there:
            del self.fields["slug"]
        else:
            for name in ("move_anyway", "ids_began_again", "seen"):
                del self.fields[name]
        for name in {"name", "slug", "base_url", "sign_in_url"} & self.fields.keys():
            uncut(self.fields[name])
            self.fields[name].widget.attrs |= IDENTIFIER

    @property
    def is_there(self) -> bool:
        """Whether the company is one already."""
        return self.instance.pk is not None

    @property
    def changed(self) -> Changed:
        """What saving it changes: each value before and after, for the record."""
        before = self._stored if self.is_there else dict.fromkeys(("slug", *self._stored), "")
        pairs = {name: [before[name], _value(self.instance, name)] for name in before}
        pairs[IDS_BEGAN_AGAIN] = ["", self.cleaned_data.get(IDS_BEGAN_AGAIN, "")]
        return {
            name: list(map(_text, each))
            for name, each in pairs.items()
            if each[0] != each[1] and any(each)
        }

    def clean_slug(self) -> str:
        """Asked for a new company alone: the slug of one that is there stays."""
        slug: str = self.cleaned_data["slug"]
        if slug.lower() in OWN_WORDS:
            raise forms.ValidationError(wording.SLUG_IS_AN_ADDRESS)
        if company_is_recorded(slug):
            raise forms.ValidationError(wording.SLUG_RECORDED)
        return slug

    def keep(self, *, by: Actor) -> None:
        """Saves what was changed. Raises LedgerUnwritable: then nothing is."""
        (acts.change if self.is_there else acts.add)(self.instance, self.changed, by=by)

    def full_clean(self) -> None:
        """At last, when the model has brought both addresses into their normal form."""
        super().full_clean()
        if self.is_bound and self.is_there:
            self._leave_alone()
            self._ask_before_moving()

    def _leave_alone(self) -> None:
        """What was not touched is as it is by now; what a colleague changed too is said."""
        opened = self._opened()
        overtaken = False
        for name in _CHANGEABLE:
            if name in self.errors:
                continue
            typed, now = _value(self.instance, name), self._stored[name]
            if opened[name] in (typed, self.cleaned_data[name]):
                setattr(self.instance, name, now)
            elif now not in (opened[name], typed):
                overtaken = True
                who = acts.last_changed_by(self.instance)
                self.add_error(name, wording.changed_by_another(who, _text(now)))
        if overtaken:
            # Sent once more, it is meant.
            self.data = _copied(self.data, seen=json.dumps(self._stored))

    def _opened(self) -> dict[str, Any]:
        try:
            opened = json.loads(self.cleaned_data.get("seen") or "{}")
        except ValueError:
            opened = None
        return self._stored | (opened if isinstance(opened, dict) else {})

    def _ask_before_moving(self) -> None:
        if "base_url" in self.errors or self.instance.base_url == self._stored["base_url"]:
            return
        people, unknown = people_with_tokens(self.instance), len(open_changes(self.instance))
        if (people or unknown) and not self.cleaned_data.get("move_anyway"):
            self.asks_to_move = True
            self.add_error("base_url", wording.a_new_address(people, unknown))


@dataclass(frozen=True, slots=True)
class Tried:
    """An address of the form's, by its label, and what was found there."""

    label: str
    finding: Finding


def try_connection(form: CompanyForm) -> list[Tried]:
    """What answers at the addresses that were typed, in words. Within one deadline, all told.

    Saving first is no way to try an address: every stored token would stop working.
    """
    budget = Budget(settings.CORE_LIMITS)
    found = [Tried("Core API address", try_address(_typed(form, "base_url"), budget))]
    if sign_in := _typed(form, "sign_in_url"):
        found.append(Tried("Sign-in address", try_sign_in(sign_in, budget)))
    return found


def try_address(address: str, budget: Budget | None = None) -> Finding:
    """What answers at an address of the Core API, in words."""
    try:
        return finding_for(probe(address, settings.CORE_LIMITS, budget))
    except ValueError as refused:
        return Finding(False, str(refused))


def try_sign_in(address: str, budget: Budget | None = None) -> Finding:
    """What answers at a sign-in address, in words."""
    try:
        return finding_for_sign_in(probe_sign_in(address, settings.CORE_LIMITS, budget))
    except ValueError as refused:
        return Finding(False, str(refused))


def _typed(form: CompanyForm, name: str) -> str:
    return str(form[name].value() or "").strip()


def _values_of(company: Company) -> dict[str, Any]:
    return {name: _value(company, name) for name in _CHANGEABLE}


def _value(company: Company, name: str) -> Any:
    value = getattr(company, name)
    return sorted(value) if isinstance(value, list) else value


def _text(value: Any) -> str | list[str]:
    return value if isinstance(value, list) else str(value)


def _copied(data: Any, **more: str) -> QueryDict:
    copy: QueryDict = data.copy()
    for name, value in more.items():
        copy[name] = value
    return copy
