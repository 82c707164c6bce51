"""The forms. Their checks are Core's own, made before anything is sent."""

import uuid
from typing import Any, Final, cast

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import QueryDict

from pools.changes import Action, Snapshot
from pools.changes.reverting import Undo
from pools.core import LEAVE, InvalidCredential, Pool, PoolChanges, PoolFields, check_token_text
from pools.core.schema import LARGEST_NUMBER, LONGEST_NAME
from pools.models import Company, Token
from pools.secret import Secret

LONGEST_REASON: Final = 1000
_SEEN_SALT: Final = "pools.forms.seen"


class WholeNumberField(forms.IntegerField):
    """A whole number typed as text: a number input drops what it cannot read."""

    widget = forms.TextInput
    default_error_messages = {
        "min_value": "At least %(limit_value)s.",
        "max_value": "At most %(limit_value)s.",
    }

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "numeric", "autocomplete": "off"}


class ChangeForm(forms.Form):
    """What every change carries: its reason, its own id, and the pool as the person saw it.

    `form_id` makes a second submit recognisable; `seen` is signed, so that the conflict
    check compares with what this panel really showed.
    """

    reason = forms.CharField(
        label="Reason",
        required=False,
        help_text="A ticket number, say. It stays with the change.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    form_id = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        company: Company,
        action: Action,
        pool_id: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self._place = [company.slug, pool_id]
        self.fields["reason"].required = action.value in company.reason_required_for
        self.fields["form_id"].initial = uuid.uuid4

    def clean_reason(self) -> str:
        reason: str = self.cleaned_data["reason"]
        if len(reason) > LONGEST_REASON:
            raise ValidationError(
                f"At most {LONGEST_REASON} characters; these are {len(reason)}.", code="too_long"
            )
        return reason

    def clean_seen(self) -> Snapshot | None:
        text = self.cleaned_data["seen"]
        if self._place[1] is None:
            return None
        try:
            place, snapshot = signing.loads(text, salt=_SEEN_SALT)
        except (signing.BadSignature, ValueError):
            place, snapshot = None, None
        if place != self._place:
            raise ValidationError("This form is damaged or from another pool: open it again.")
        return Snapshot.from_json(snapshot)

    def show(self, pool: Pool) -> None:
        """Notes the pool as it is shown now; a bound form keeps what was typed."""
        place = [self._place, Snapshot.from_pool(pool).to_json()]
        self.initial["seen"] = signed = signing.dumps(place, salt=_SEEN_SALT, compress=True)
        if self.is_bound:
            self._put(seen=signed)

    def typed(self) -> dict[str, str]:
        """What the person typed, field by field, as text."""
        return {
            name: str(self[name].value() or "")
            for name in self.fields
            if name not in ("form_id", "seen")
        }

    def renew(self) -> None:
        """A new id for a form that comes back: its next submit is another change."""
        self._put(form_id=str(uuid.uuid4()))

    def _put(self, **values: str) -> None:
        """Replaces what was posted; everything else stays as it was typed."""
        posted = cast(QueryDict, self.data).copy()
        for name, value in values.items():
            posted[name] = value
        self.data = posted


class PoolForm(ChangeForm):
    """A new pool, or an edit of one."""

    name = forms.CharField(label="Name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    limit = WholeNumberField(
        label="Limit",
        min_value=1,
        max_value=LARGEST_NUMBER,
        help_text="Requests in flight at once.",
    )
    timeout = WholeNumberField(
        label="Timeout",
        required=False,
        min_value=1,
        max_value=LARGEST_NUMBER,
        help_text="Seconds. Empty: none.",
    )
    field_order = ("name", "limit", "timeout", "reason")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if len(name) > LONGEST_NAME:
            raise ValidationError(
                f"At most {LONGEST_NAME} characters; these are {len(name)}.", code="too_long"
            )
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned["seen"] and self.pool_changes() == PoolChanges():
            raise ValidationError("Nothing to save: the pool has these values already.")
        return cleaned

    def typed(self) -> dict[str, str]:
        """Of an edit only what differs from the pool: the rest follows it meanwhile."""
        everything = super().typed()
        seen: Snapshot | None = self.cleaned_data.get("seen")
        return {
            name: text
            for name, text in everything.items()
            if not seen or name == "reason" or self.cleaned_data.get(name) != getattr(seen, name)
        }

    def follow(self, opened: Snapshot, now: Pool) -> None:
        """After a conflict: a value that the person left alone follows the pool.

        Otherwise saving once more would take back what somebody else changed.
        """
        for field in ("name", "limit", "timeout"):
            current = getattr(now, field)
            if self.cleaned_data[field] == getattr(opened, field) != current:
                self._put(**{field: "" if current is None else str(current)})

    def pool_fields(self) -> PoolFields:
        """All of it, for a new pool."""
        return PoolFields(
            name=self.cleaned_data["name"],
            limit=self.cleaned_data["limit"],
            timeout=self.cleaned_data["timeout"],
        )

    def pool_changes(self) -> PoolChanges:
        """What differs from what the person saw, and nothing else."""
        seen: Snapshot = self.cleaned_data["seen"]

        def changed(field: str) -> Any:
            wanted = self.cleaned_data[field]
            return LEAVE if wanted == getattr(seen, field) else wanted

        return PoolChanges(name=changed("name"), limit=changed("limit"), timeout=changed("timeout"))

    def show(self, pool: Pool) -> None:
        super().show(pool)
        for field in ("name", "limit", "timeout"):
            self.initial[field] = getattr(pool, field)


class RevertForm(ChangeForm):
    """Puts back what an edit changed. The values are the record's: only the reason is typed."""

    def __init__(self, *args: Any, undo: Undo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._undo = undo

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen") and self.pool_changes() == PoolChanges():
            raise ValidationError("Nothing to revert: the pool has these values already.")
        return cleaned

    def pool_changes(self) -> PoolChanges:
        """What the pool, as the person saw it, needs to have the values from before again."""
        return self._undo.changes(self.cleaned_data["seen"])


class DeleteForm(ChangeForm):
    """Asks for the pool's name where connectors would lose their cap."""

    confirm_name = forms.CharField(
        label="Name", required=False, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    field_order = ("confirm_name", "reason")

    def offer(self, pool: Pool | None) -> bool:
        """Whether the name is asked for; the field goes where nothing hangs on the pool."""
        asked = pool is None or pool.connectors is None or bool(pool.connectors)
        if not asked:
            del self.fields["confirm_name"]
        return asked

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen: Snapshot | None = cleaned.get("seen")
        # Unknown connectors count as connectors: the careful way.
        if seen and seen.connector_ids != ():
            typed = cleaned.get("confirm_name", "").strip()
            if typed != (seen.name or "").strip():
                self.add_error("confirm_name", "Type the pool's name exactly as it is shown above.")
        return cleaned


class ReleaseForm(forms.Form):
    """Why a pool is released although the outcome of a change on it is not known."""

    reason = forms.CharField(
        label="Reason",
        help_text="What did you find out? It is recorded under your name.",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    clean_reason = ChangeForm.clean_reason


class TokenForm(forms.Form):
    """A person's own way into a company: a key, a bearer token, or signing in to Patchworks."""

    SIGN_IN: Final = "sign_in"
    KINDS: Final = [
        (Token.Kind.API_KEY.value, "API key"),
        (Token.Kind.BEARER.value, "Bearer token"),
        (SIGN_IN, "Sign in to Patchworks"),
    ]

    company = forms.ModelChoiceField(
        label="Company", queryset=Company.objects.none(), to_field_name="slug", empty_label=None
    )
    kind = forms.ChoiceField(
        label="Kind", choices=KINDS, widget=forms.RadioSelect, initial=Token.Kind.API_KEY.value
    )
    token = forms.CharField(
        label="Token",
        required=False,
        strip=False,
        help_text="For an API key or a bearer token. It is encrypted and never shown again.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    email = forms.CharField(
        label="E-mail",
        required=False,
        help_text="For signing in to Patchworks.",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        help_text="Used once to sign in to Patchworks, and not stored.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    label = forms.CharField(
        label="Label", required=False, max_length=100, help_text="To tell it from others, for you."
    )

    def __init__(self, *args: Any, companies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["company"].queryset = companies  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("token", "password"):
            cleaned[name] = Secret(cleaned.get(name) or "")
        if cleaned.get("kind") == self.SIGN_IN:
            self._check_sign_in(cleaned)
        else:
            try:
                check_token_text(cleaned["token"].reveal())
            except InvalidCredential as error:
                self.add_error("token", str(error))
        return cleaned

    def _check_sign_in(self, cleaned: dict[str, Any]) -> None:
        for name, what in (("email", "e-mail"), ("password", "password")):
            if not cleaned.get(name):
                self.add_error(name, f"Type the {what} that you use at Patchworks.")
        company = cleaned.get("company")
        if company and not company.sign_in_url:
            self.add_error("kind", f"{company.name} has no sign-in address: use a key instead.")


class RemoveTokenForm(forms.Form):
    """Nothing to fill in: the confirmation is the button."""
