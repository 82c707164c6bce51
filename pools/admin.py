"""What administrators manage besides: people and roles; and what they may look at.

Every change here is on the ledger, in the same transaction: it is made and recorded, or
neither. Rights come from roles alone, and only superusers touch superusers and roles.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.decorators import method_decorator
from django.utils.timezone import localtime

from pools.accounts.reauthentication import credential_given_lately
from pools.forms.administration import NewPersonForm, PersonForm
from pools.forms.checks import uncut
from pools.ledger.appending import record_event
from pools.models import Entry, Token
from pools.pages.actors import actor_of
from pools.pages.drafts import KEPT_FIELDS, KEPT_LISTS, take_draft
from pools.people import leaving
from pools.people.roles import ROLES
from pools.wording.coming_back import ENTRIES_KEPT, ENTRIES_LOST
from pools.wording.events import title_of
from pools.wording.moments import UNREADABLE_MOMENT

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    BaseUserAdmin = DjangoUserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    BaseUserAdmin = DjangoUserAdmin

proved_lately = method_decorator(credential_given_lately)


class RecordedAdmin(ModelAdmin):
    """Asks for the password if it was not given lately, and records what is done."""

    @proved_lately
    def changeform_view(self, *args: Any, **kwargs: Any) -> Any:
        return super().changeform_view(*args, **kwargs)

    @proved_lately
    def delete_view(self, *args: Any, **kwargs: Any) -> Any:
        return super().delete_view(*args, **kwargs)

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        view = super().changelist_view
        if request.method == "POST":
            return credential_given_lately(view)(request, *args, **kwargs)
        return view(request, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Filled in with what was kept, where a form did not get through."""
        form = super().get_form(request, obj, change=change, **kwargs)
        kept = _kept_entries(request)
        return _filled_in(form, kept) if kept else form

    def formfield_for_dbfield(self, *args: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(*args, **kwargs)
        if field is not None:
            uncut(field)
        return field

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        changed = _changed_fields(form)
        if changed or not change:
            self.record(request, "changed" if change else "added", form.instance, changed)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with transaction.atomic():
            self.record(request, "removed", obj)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.record(request, "removed", obj)
            super().delete_queryset(request, queryset)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """What hangs on a person (their tokens) goes with them, unasked."""
        to_delete, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return to_delete, counts, lacking & {self.opts.verbose_name}, protected

    def record(
        self, request: HttpRequest, done: str, obj: Model, changed: dict[str, Any] | None = None
    ) -> None:
        record_event(
            f"{self.opts.model_name}_{done}",
            actor_of(request, cast(User, request.user)),
            facts={"id": str(obj.pk), "name": str(obj), "changed": changed or {}},
        )


class ReadOnlyAdmin(ModelAdmin):
    """To look at, and nothing else."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Token)
class TokenAdmin(ReadOnlyAdmin):
    """That someone has a token, and its age. Neither the token nor what it gives access to."""

    list_display = (
        *("user", "company", "kind", "label", "fingerprint"),
        *("created_at", "expires_at", "last_worked_at", "refused_at"),
    )
    list_select_related = ("user", "company")
    list_filter = ("company", "kind")
    fields = (*list_display, "confirmed_at", "verified_at")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only filters that are offered: others could ask for the sealed text bit by bit."""
        return lookup in {"company__id__exact", "kind__exact"}


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The ledger line by line, for looking closely; people read it on the pages of changes."""

    list_display = ("seq", "time", "company", "pool", "what", "stated", "who", "reason")
    list_filter = ("kind",)
    search_fields = ("actor_name", "company", "pool_name", "reason")
    show_full_result_count = False

    @admin.display(description="Time", ordering="seq")
    def time(self, entry: Entry) -> str:
        # In one line, however narrow the column.
        if not isinstance(entry.at, datetime):
            return UNREADABLE_MOMENT.capitalize()
        return f"{localtime(entry.at):%d\xa0%b\xa0%Y %H:%M:%S}"

    @admin.display(description="Pool")
    def pool(self, entry: Entry) -> str:
        return f"{entry.pool_name} ({entry.pool_id})" if entry.pool_id else entry.pool_name

    @admin.display(description="Action")
    def what(self, entry: Entry) -> str:
        return title_of(entry.action)

    @admin.display(description="Outcome")
    def stated(self, entry: Entry) -> str:
        """What the entry states, and for one that says so, how the change ended."""
        ended = entry.outcome.replace("_", " ")
        return f"{entry.get_kind_display()}: {ended}" if ended else entry.get_kind_display()

    @admin.display(description="Who")
    def who(self, entry: Entry) -> str:
        return str(entry.actor_name)


class UserAdmin(RecordedAdmin, BaseUserAdmin):
    """People. Their rights come from roles; only superusers make superusers."""

    form = PersonForm
    add_form = NewPersonForm

    list_display = ("username", "email", "roles", "is_active", "is_superuser", "last_login")
    list_filter = ("is_active", "groups")

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        rights: tuple[str, ...] = ("is_active", "groups")
        if cast(User, request.user).is_superuser:
            rights += ("is_superuser",)
        return (
            (None, {"fields": ("username", "password")}),
            ("Person", {"fields": ("first_name", "last_name", "email")}),
            ("Roles", {"fields": rights}),
            ("Dates", {"fields": ("last_login", "date_joined")}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Roles and disabling have their place in the panel, with rules of their own."""
        elsewhere = () if cast(User, request.user).is_superuser else ("is_active", "groups")
        return ("last_login", "date_joined", *elsewhere)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        """As on the panel's own page, but of people who are enabled, too."""
        with transaction.atomic():
            leaving.delete_within(cast(User, obj), by=actor_of(request, cast(User, request.user)))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for obj in queryset:
            self.delete_model(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj) and _may_touch(request, obj)
        return allowed and obj != request.user

    @proved_lately
    def user_change_password(
        self,
        request: HttpRequest,
        id: str,  # noqa: A002  (Django's name)
        form_url: str = "",
    ) -> HttpResponse:
        with transaction.atomic():
            user = self.get_object(request, unquote(id))
            before = user and user.password
            response = super().user_change_password(request, id, form_url)
            if user and User.objects.get(pk=user.pk).password != before:
                self.record(request, "password_set", user)
        return response


class GroupAdmin(RecordedAdmin, DjangoGroupAdmin):
    """Roles, to look at: they follow the table of rights. Other groups are for superusers."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return cast(User, request.user).is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return cast(User, request.user).is_superuser and not _is_role(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return cast(User, request.user).is_superuser and not _is_role(obj)


admin.site.unregister([User, Group])
admin.site.register(User, UserAdmin)
admin.site.register(Group, GroupAdmin)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    return user is None or not user.is_superuser or cast(User, request.user).is_superuser


def _kept_entries(request: HttpRequest) -> QueryDict | None:
    """What was kept of this form, as it was sent; asked for more than once by Django."""
    if request.method != "GET":
        return None
    if not hasattr(request, "kept_entries"):
        draft = take_draft(request)
        entries = QueryDict(mutable=True)
        for name, value in draft.items():
            entries.setlist(name, value if isinstance(value, list) else [value])
        request.kept_entries = entries if draft else None  # type: ignore[attr-defined]
        if draft:
            messages.info(request, ENTRIES_KEPT)
        elif getattr(request, "draft_lost", False):
            messages.warning(request, ENTRIES_LOST)
    kept: QueryDict | None = request.kept_entries  # type: ignore[attr-defined]
    return kept


def _filled_in(form: Any, kept: QueryDict) -> Any:
    """The form, showing the kept entries: of a box that was not ticked nothing was sent."""

    class FilledIn(form):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name in {*KEPT_FIELDS, *KEPT_LISTS} & set(self.fields):
                widget = self.fields[name].widget
                self.initial[name] = widget.value_from_datadict(kept, {}, name)

    return FilledIn


def _is_role(group: Group | None) -> bool:
    return group is not None and group.name in ROLES


def _changed_fields(form: "ModelForm[Any]") -> dict[str, list[Any]]:
    """Each changed field's text before and after. Passwords are not among them."""
    return {
        name: [_text(form.initial.get(name)), _text(form.cleaned_data.get(name))]
        for name in form.changed_data
        if "password" not in name
    }


def _text(value: Any) -> str | list[str]:
    if isinstance(value, Iterable) and not isinstance(value, str):
        return sorted(str(each) for each in value)
    return "" if value is None else str(value)
