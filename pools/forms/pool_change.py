"""What every form that changes a pool has. Its checks are Core's own, made before anything is sent.

The pool's own forms are in pool.py, reverting.py and deleting.py; a clear has this one alone.
"""

import uuid
from collections.abc import Callable
from typing import Any, Final, cast

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.functional import cached_property

from pools.changes import (
    ChangeResult,
    Conflict,
    FormSentOtherwise,
    PoolGone,
    PoolHeld,
    ProposedChange,
    Snapshot,
    open_changes,
)
from pools.changes.reverting import Undo
from pools.core import Invalid, Pool, PoolChanges, PoolFields
from pools.core.bounds import TextBounds
from pools.core.errors import reasons_in
from pools.forms.checks import BoundedTextField, CheckedForm, control_text
from pools.forms.pool_as_seen import created_in, is_about, is_of_other_origin, seal, snapshot_in
from pools.guidance.allowance_sums import Share, weighed
from pools.guidance.gathering import NOTHING, Kept
from pools.ledger.appending import Actor
from pools.models import Company
from pools.models.bounds import REASON
from pools.models.vocabulary import Action

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
        self._is_as_opened = False
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
            created_at=created_in(self.data.get("seen", "")),
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
            if isinstance(result.error, Invalid):
                self._quote(result.error)
            self._show_again(result.read, anew=True)
            return None
        if isinstance(result, Exception):
            # Core was just asked, or is not to be asked now.
            self._show_again(None, anew=isinstance(result, FormSentOtherwise))
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

    @property
    def connectors(self) -> int | None:
        """How many connectors its pool has; None where Core did not say.

        Where the pool was not read once more, as many as it had when the form was opened.
        """
        if self._is_as_opened and self._opened is not None:
            ids = self._opened.connector_ids
            return None if ids is None else len(ids)
        told = self.pool.connectors if self.pool else None
        return None if told is None else len(told)

    def _show_again(self, read: Pool | None, *, anew: bool) -> None:
        """Shows the pool as it was read for the change; or else what this form said of it.

        That is enough to say which pool it is. `anew`: its next submit is another change.
        """
        if anew:
            self._put(form_id=str(uuid.uuid4()))
        self.pool, seen = read, self._opened
        if read is not None or seen is None or self._pool_id is None:
            return
        self._is_as_opened = True
        self.pool = Pool(
            id=self._pool_id,
            name=seen.name,
            limit=seen.limit,
            timeout=seen.timeout,
            created_at=None,
            updated_at=None,
            connectors=None,
            unreadable=seen.unreadable,
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
