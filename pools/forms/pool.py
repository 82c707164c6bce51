"""The form of a new pool, and of an edit: name, limit and timeout."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse

from pools.changes import Snapshot
from pools.core import LEAVE, Pool, PoolChanges, PoolFields
from pools.core.bounds import LIMIT, NAME, TIMEOUT
from pools.core.comparing import same_value, visible_form
from pools.forms.checks import BoundedTextField, WholeNumberField, control_text
from pools.forms.identifiers import IDENTIFIER
from pools.forms.pool_change import ChangeForm
from pools.models.vocabulary import Action
from pools.wording.allowances import above_allowance
from pools.wording.direction import unseen_in

# What a person can set of a pool.
VALUES: Final = ("name", "limit", "timeout")
_STAYS: Final = "It stays as it is unless you change the name."
_LINE_BREAK: Final = f"This name has a line break in it, which can't be shown here. {_STAYS}"
_LARGEST: Final = {"max_value": "At most %(limit_value)s: Patchworks may not keep larger numbers."}
_UNREADABLE: Final = "We can't read its {field}. Leave this empty, and it stays as it is."
_UNKNOWN: Final = "We couldn't read the {field} of the pool that was deleted."
_UNSEEN: Final = "This name has characters that you can't see, or that change its direction"


class PoolForm(ChangeForm):
    """A new pool, or an edit of one."""

    name = BoundedTextField(
        label="Name",
        bounds=NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    limit = WholeNumberField(
        label="Limit",
        bounds=LIMIT,
        help_text="Requests at the same time.",
        error_messages=_LARGEST,
    )
    timeout = WholeNumberField(
        label="Timeout",
        bounds=TIMEOUT,
        help_text="In seconds. Leave it empty for none.",
        error_messages=_LARGEST,
    )
    # The limit of which its person was told that it goes above an allowance.
    told = forms.CharField(widget=forms.HiddenInput, required=False)
    field_order = ("name", "limit", "timeout", "reason")

    def starts_at(self, action: Action) -> tuple[str, ...]:
        return ("name" if action is Action.CREATE else "limit",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].widget.attrs |= self._asks_while_typed()
        # A pool that was deleted, created again; or the pool that an edit was opened with.
        shown = self._undo.before if self._undo else self._opened
        if shown is not None:
            self._keep(shown)
        else:
            self.fields["name"].help_text = self._said_of_unseen()

    def _asks_while_typed(self) -> dict[str, str]:
        """Which other pools have the name is said while it is typed."""
        address = reverse("pools:pool_named", args=[self._company.slug])
        return {
            "hx-get": address if self._pool_id is None else f"{address}?but={self._pool_id}",
            "hx-trigger": "input changed delay:300ms",
            "hx-target": "#namesakes",
            "hx-swap": "innerHTML",
            "hx-sync": "this:replace",
            # The form's own is for what it sends itself.
            "hx-disabled-elt": "unset",
        }

    def _keep(self, shown: Snapshot) -> None:
        """What the fields show. A field that a person leaves alone keeps exactly that value."""
        is_edit = self._undo is None
        for field in VALUES:
            value = getattr(shown, field)
            self.initial[field] = value
            # A new pool needs a name and a limit, whatever is known of the one that was deleted.
            if is_edit or value is not None:
                self.fields[field].keep(value)  # type: ignore[attr-defined]
            self.fields[field].help_text = self._help_for(field, shown)

    def _help_for(self, field: str, shown: Snapshot) -> str:
        helps = [str(self.base_fields[field].help_text)]
        if field == "name":
            has_line_break = bool(shown.name) and control_text(shown.name) != shown.name
            helps = [_LINE_BREAK if has_line_break else "", self._said_of_unseen()]
        if field in shown.unreadable and self._undo is not None:
            helps.append(_UNKNOWN.format(field=field))
        elif field in shown.unreadable:
            helps = [_UNREADABLE.format(field=field)]
        return " ".join(filter(None, helps))

    def _said_of_unseen(self) -> str:
        """A field can't mark what is in it, and must not change it."""
        shown = self.data.get("name") if self.is_bound else self.initial.get("name")
        unseen = unseen_in(str(shown or ""))
        return f"{_UNSEEN}: {', '.join(unseen)}. {_STAYS}" if unseen else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and cleaned["seen"] and self.pool_changes() == PoolChanges():
            raise ValidationError("Nothing to save: the pool already has these values.")
        if not self.errors:
            self._tell_of_allowances()
        return cleaned

    def _tell_of_allowances(self) -> None:
        """Once of each limit, where no script has told while it was typed: then it may be saved."""
        limit = self.limit_wanted
        exceeded = [share for share in self.shares if share.is_exceeded_by(limit)]
        if limit is None or not exceeded or self.data.get("told") == str(limit):
            return
        self._put(told=str(limit))
        for share in exceeded:
            self.add_error("limit", above_allowance(share, limit))

    @property
    def limit_wanted(self) -> int | None:
        """Before it is sent, what its field holds."""
        if self.is_bound:
            sent: int | None = getattr(self, "cleaned_data", {}).get("limit")
            return sent
        try:
            shown: int | None = self.fields["limit"].clean(self.initial.get("limit"))
        except ValidationError:
            return None
        return shown

    @property
    def name_wanted(self) -> str | None:
        """What its field holds, where that is not the pool's name already."""
        typed, seen = control_text(self["name"].value()), self.pool or self._opened
        has_it = seen is not None and same_value(typed, control_text(seen.name))
        return None if has_it or not visible_form(typed) else typed

    def typed(self) -> dict[str, str]:
        """Of an edit only what was changed: the rest follows the pool in the meantime."""
        return {
            name: text
            for name, text in super().typed().items()
            if self._opened is None
            or name not in VALUES
            or control_text(text) != control_text(getattr(self._opened, name))
        }

    def follow(self, now: Pool) -> None:
        """A value that the person left alone follows the pool, too.

        Otherwise saving once more would undo what somebody else changed.
        """
        opened: Snapshot = self.cleaned_data["seen"]
        for field in VALUES:
            current = getattr(now, field)
            if self.cleaned_data[field] == getattr(opened, field) != current:
                self._put(**{field: control_text(current)})
        super().follow(now)

    def pool_fields(self) -> PoolFields | None:
        """All of it, for a new pool."""
        if self._action is not Action.CREATE:
            return None
        return PoolFields(
            name=self.cleaned_data["name"],
            limit=self.cleaned_data["limit"],
            timeout=self.cleaned_data["timeout"],
        )

    def pool_changes(self) -> PoolChanges | None:
        """What differs from what the person saw, and nothing else."""
        seen: Snapshot | None = self.cleaned_data["seen"]
        if seen is None:
            return None

        def changed(field: str) -> Any:
            wanted = self.cleaned_data[field]
            return LEAVE if wanted == getattr(seen, field) else wanted

        return PoolChanges(name=changed("name"), limit=changed("limit"), timeout=changed("timeout"))

    def show(self, pool: Pool) -> None:
        super().show(pool)
        self._keep(Snapshot.from_pool(pool))

    def _filled_in(self) -> dict[str, str]:
        values = self.pool or (self._undo and self._undo.before)
        shown = {field: control_text(getattr(values, field, None)) for field in VALUES}
        return super()._filled_in() | shown
