"""The forms that change a pool. Their checks are Core's own, made before anything is sent."""

import uuid
from collections.abc import Callable
from typing import Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.urls import reverse
from django.utils.functional import cached_property

from pools.changes import (
    ChangeResult,
    Conflict,
    Difference,
    PoolGone,
    PoolHeld,
    ProposedChange,
    Snapshot,
    differences,
    open_changes,
)
from pools.changes.reverting import Undo
from pools.core import LEAVE, Invalid, Leave, Pool, PoolChanges, PoolFields
from pools.core.bounds import LIMIT, NAME, TIMEOUT, TextBounds
from pools.core.comparing import looks_alike, same_value, typeable, visible_form
from pools.core.errors import reasons_in
from pools.forms.checks import BoundedTextField, CheckedForm, WholeNumberField, control_text
from pools.forms.identifiers import IDENTIFIER
from pools.forms.seen import is_about, is_of_other_origin, seal, snapshot_in
from pools.guidance.gathering import NOTHING, Kept
from pools.guidance.sums import Share, weighed
from pools.ledger.appending import Actor
from pools.models import Company
from pools.models.bounds import REASON
from pools.models.vocabulary import Action
from pools.wording.allowances import above_allowance
from pools.wording.direction import marked, unseen_in

# What a person can set of a pool.
VALUES: Final = ("name", "limit", "timeout")
_UNDATED: Final = (
    "Nothing was sent: you opened this form before the panel was updated, and the company may have "
    "moved since. What you typed is still here: check that it belongs here, then send it again."
)
_MOVED: Final = (
    "Nothing was sent: since you opened this form, the company's address has changed, or "
    "Patchworks was restored from a backup. Open the form again."
)
_DAMAGED: Final = (
    "Nothing was sent: this form is damaged, or it belongs to another pool. Open it again."
)
_STAYS: Final = "It stays as it is unless you change the name."
_LINE_BREAK: Final = f"This name has a line break in it, which can't be shown here. {_STAYS}"
_LARGEST: Final = {"max_value": "At most %(limit_value)s: Patchworks may not keep larger numbers."}
_UNSEEN: Final = "This name has characters that you can't see, or that change its direction"


class ChangeForm(CheckedForm):
    """What every change carries: its reason, its own id, and the pool as the person saw it.

    `form_id` makes a second submit recognisable; `seen` is signed, so that the conflict
    check compares with what this panel really showed. The form of a new pool has it, too:
    it says at which origin the pool was to be. `begun` stands in its reason before anybody
    has typed.
    """

    reason = BoundedTextField(
        label="Reason",
        bounds=TextBounds(REASON),
        required=False,
        help_text="For example ZD-4711. Shown in the history.",
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
        undo: Undo | None = None,
        begun: str = "",
        kept: Kept = NOTHING,
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self._kept = kept
        self.initial["reason"] = self._begun = begun
        for name in self.starts_at(action):
            self.fields[name].widget.attrs["autofocus"] = True
        self._company = company
        self._action = action
        self._pool_id = pool_id
        self._undo = undo
        self.pool: Pool | None = None
        self.fields["reason"].required = action.value in company.reason_required_for
        if action is Action.CLEAR:
            # There is nothing else to fill in.
            self.fields["reason"].widget.attrs["autofocus"] = True
        self.fields["form_id"].initial = uuid.uuid4
        if pool_id is None:
            self.initial["seen"] = self._seal(None)

    def starts_at(self, action: Action) -> tuple[str, ...]:
        """Where typing begins: at the first of these that is shown."""
        return ("reason",)

    def clean_seen(self) -> Snapshot | None:
        sealed = self.data.get("seen", "")
        if self._is_undated:
            raise ValidationError(_UNDATED)
        if not is_about(sealed, self._company, self._pool_id):
            moved = is_of_other_origin(sealed, self._company, self._pool_id)
            raise ValidationError(_MOVED if moved else _DAMAGED)
        return self._opened

    @property
    def _is_undated(self) -> bool:
        """Whether it is for a new pool and doesn't say for which origin: not that it moved."""
        return self._pool_id is None and not self.data.get("seen")

    @cached_property
    def _opened(self) -> Snapshot | None:
        """The pool as the person saw it; None where the form does not say so under our seal."""
        sealed = self.data.get("seen", "")
        if self._pool_id is None or not is_about(sealed, self._company, self._pool_id):
            return None
        return snapshot_in(sealed)

    def _seal(self, pool: Pool | None) -> str:
        return seal(self._company, self._pool_id, pool)

    def pool_fields(self) -> PoolFields | None:
        """What a new pool is made from, if this form makes one."""
        return None

    def pool_changes(self) -> PoolChanges | None:
        """What an edit changes, if this form makes one."""
        return None

    def proposed(self, actor: Actor) -> ProposedChange:
        """The change that a valid form asks for."""
        return ProposedChange(
            company=self._company,
            action=self._action,
            pool_id=self._pool_id,
            seen=self.cleaned_data["seen"],
            fields=self.pool_fields(),
            changed=self.pool_changes(),
            reason=self.cleaned_data["reason"],
            form_id=self.cleaned_data["form_id"],
            actor=actor,
            reverts=self._undo.item.change_id if self._undo else None,
            weighed=weighed(self.shares, self.limit_wanted),
        )

    @property
    def limit_wanted(self) -> int | None:
        """The limit that the change gives its pool; None where it leaves the limit alone."""
        return None

    @property
    def name_wanted(self) -> str | None:
        """The name that the change gives its pool; None where it leaves the name alone."""
        return None

    @property
    def shares(self) -> list[Share]:
        """What its pool, as the person saw it, and the others take of what accounts allow."""
        seen = self._opened
        return [] if seen is None else self._kept.shares(None, seen.limit)

    def send(
        self, make: Callable[[ProposedChange], ChangeResult | Exception], actor: Actor
    ) -> ChangeResult | Exception | None:
        """What became of the change that it asks for; None where it asks for none yet."""
        return make(self.proposed(actor)) if self.is_valid() else None

    @property
    def unsaved(self) -> bool:
        """Whether it holds something that was typed and is not on the pool that it shows."""
        filled_in = self._filled_in()
        return any(
            control_text(field.value()) != filled_in.get(field.name, "")
            for field in self.visible_fields()
        )

    def _filled_in(self) -> dict[str, str]:
        """What its fields hold before anything is typed, as text; empty ones may be left out."""
        return {"reason": self._begun}

    def prepare(
        self,
        read: Callable[[int | None], Pool | Exception | None],
        result: ChangeResult | Exception | None,
    ) -> Exception | None:
        """Gets ready to be shown: for the first time, or again as it was filled in.

        `result` is what became of it, if it was sent. Returns what a person should know
        before they fill it in; or, where its pool could not be read, why.
        """
        if isinstance(result, Conflict):
            self.follow(result.now)
            return None
        if isinstance(result, PoolGone):
            return result  # just read, and not there
        if isinstance(result, ChangeResult):
            if not result.not_made:
                return None
            # Nothing was changed: its next submit is another change.
            self._put(form_id=str(uuid.uuid4()))
            if isinstance(result.error, Invalid):
                self._quote(result.error)
            self.pool = result.read or self._pool_as_seen()
            return None
        if isinstance(result, Exception):
            # Core was just asked, or is not to be asked now.
            self.pool = self._pool_as_seen()
            return None
        if self.is_bound and self._is_undated:
            # Its person has read why: it may be sent once more.
            self._put(seen=self._seal(None))
        pool = read(self._pool_id)
        if pool is None or isinstance(pool, Exception):
            return pool
        self.pool = pool
        if self.is_bound:
            return None
        self.show(pool)
        return self._obstacle(pool)

    def _pool_as_seen(self) -> Pool | None:
        """What this form said of its pool: enough to say which one it is."""
        seen = self._opened
        if seen is None or self._pool_id is None:
            return None
        return Pool(
            id=self._pool_id,
            name=seen.name,
            limit=seen.limit,
            timeout=seen.timeout,
            created_at=None,
            updated_at=None,
            connectors=None,
            unreadable=frozenset(),
            raw={},
        )

    def _obstacle(self, pool: Pool) -> Exception | None:
        if held := open_changes(self._company, self._pool_id):
            return PoolHeld(held[0].change_id, held[0].actor_name, held[0].at)
        return self._undo.obstacle(Snapshot.from_pool(pool)) if self._undo else None

    def follow(self, now: Pool) -> None:
        """After a conflict: sending it once more goes on from the pool as it is."""
        self.show(now)

    def _quote(self, error: Invalid) -> None:
        """Each reason at its field; those of fields that are not here name theirs."""
        here = {name: texts for name, texts in error.fields.items() if name in self.fields}
        for name, texts in here.items():
            for text in texts:
                self.add_error(name, text)
        elsewhere = {name: texts for name, texts in error.fields.items() if name not in here}
        for reason in reasons_in(elsewhere):
            self.add_error(None, reason)

    def show(self, pool: Pool) -> None:
        """Shows the pool as it is now; a bound form keeps what was typed."""
        self.pool = pool
        self.initial["seen"] = signed = self._seal(pool)
        if self.is_bound:
            self._put(seen=signed)

    def typed(self) -> dict[str, str]:
        """What the person typed, field by field, as text; and which pool it is for."""
        texts = {
            name: str(self[name].value() or "")
            for name in self.fields
            if name not in ("form_id", "seen", "told")
        }
        return texts | {"opened": self.data.get("seen", "")}

    def _put(self, **values: str) -> None:
        """Replaces what was posted; everything else stays as it was typed."""
        posted = cast(QueryDict, self.data).copy()
        for name, value in values.items():
            posted[name] = value
        self.data = posted


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
        for field in VALUES:
            value = getattr(shown, field)
            self.initial[field] = value
            self.fields[field].keep(value)  # type: ignore[attr-defined]
        has_line_break = bool(shown.name) and control_text(shown.name) != shown.name
        self.fields["name"].help_text = " ".join(
            filter(None, [_LINE_BREAK if has_line_break else "", self._said_of_unseen()])
        )

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


class RevertForm(ChangeForm):
    """Puts back what an edit changed. The values are the record's: only the reason is typed."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("seen") and self.pool_changes() == PoolChanges():
            raise ValidationError("Nothing to revert: the pool already has these values.")
        return cleaned

    def pool_changes(self) -> PoolChanges | None:
        """What the pool, as the person saw it, needs to have the values from before again."""
        return self._undo.changes(self.cleaned_data["seen"]) if self._undo else None

    @property
    def limit_wanted(self) -> int | None:
        """What was before the edit that it reverts, where that changed the limit."""
        limit = self._puts_back.limit
        return None if isinstance(limit, Leave) else limit

    @property
    def name_wanted(self) -> str | None:
        """The same of the name."""
        name = self._puts_back.name
        return None if isinstance(name, Leave) else name

    @property
    def _puts_back(self) -> PoolChanges:
        """What it would send to the pool as the person saw it, or sees it."""
        now = self._opened
        if now is None and self.pool is not None:
            now = Snapshot.from_pool(self.pool)
        return PoolChanges() if now is None or self._undo is None else self._undo.changes(now)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """What reverting does to the pool as it is now; nothing where there is no pool."""
        if self.pool is None or self._undo is None:
            return ()
        now = Snapshot.from_pool(self.pool)
        return differences(now, self._undo.result(now))


class DeleteForm(ChangeForm):
    """Asks for the pool's name where connectors would lose their cap."""

    confirm_name = forms.CharField(
        label="Name",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", **IDENTIFIER}),
    )
    field_order = ("confirm_name", "reason")

    def starts_at(self, action: Action) -> tuple[str, ...]:
        return ("confirm_name", "reason")

    @property
    def name_required(self) -> bool:
        """Whether the name has to be typed: not where nothing hangs on the pool."""
        return self.pool is None or self.pool.connectors is None or bool(self.pool.connectors)

    @property
    def to_type(self) -> str:
        """What confirms it: the pool's name; its id where there is nothing to see of a name."""
        name = (self.pool and self.pool.name) or ""
        return name if typeable(name) else str(self._pool_id)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        seen: Snapshot | None = cleaned.get("seen")
        # Unknown connectors count as connectors: the careful way.
        if seen and seen.connector_ids != ():
            wanted = seen.name if typeable(seen.name or "") else str(self._pool_id)
            typed, shown = cleaned.get("confirm_name", ""), marked(wanted or "")
            if not any(looks_alike(typed, name) for name in (wanted or "", shown)):
                self.add_error("confirm_name", "Type the pool's name as shown above.")
        return cleaned
