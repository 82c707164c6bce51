"""Addresses of the panel. They are part of the product: people paste them into tickets."""

from django.core.exceptions import ImproperlyConfigured
from django.urls import path, register_converter
from django.urls.converters import SlugConverter

from pools.models.company import OWN_WORDS
from pools.pages.guards import unguarded_views
from pools.views import (
    account,
    allowances,
    audit_keys,
    batch_new,
    batches,
    changes,
    companies,
    evidence,
    find,
    help_pages,
    home,
    joining,
    notes,
    people,
    person_password,
    pool_actions,
    pool_apply,
    pool_export,
    pool_named,
    pools,
    read_all,
    settling,
    tokens,
    verifying,
)


class PoolIdConverter:
    """A pool's id: digits only, as Core gives them; 64 bits at most."""

    regex = "0|[1-9][0-9]{0,18}"

    def to_python(self, text: str) -> int:
        number = int(text)
        if number >= 2**63:
            raise ValueError
        return number

    def to_url(self, number: int) -> str:
        return str(number)


class OwnPageConverter(SlugConverter):
    """A company's short name, where one that is a word of the panel's own addresses can't stand.

    None is given any more. A company that has one from before is at its longer address.
    """

    def to_python(self, value: str) -> str:
        if value.lower() in OWN_WORDS:
            raise ValueError
        return value

    to_url = to_python


register_converter(PoolIdConverter, "pool_id")
register_converter(OwnPageConverter, "company_page")

app_name = "pools"
urlpatterns = [
    path("", home.home, name="home"),
    path("c/<slug:company>/", home.company_home, name="company"),
    path("c/<slug:company>/pools/", pools.pool_list, name="pool_list"),
    path("c/<slug:company>/pools/read/", read_all.read_all, name="read_all"),
    path("c/<slug:company>/pools/export/", pool_export.pool_export, name="pool_export"),
    path("c/<slug:company>/pools/apply/", pool_apply.pool_apply, name="pool_apply"),
    path("c/<slug:company>/pools/new/", pool_actions.pool_new, name="pool_new"),
    path("c/<slug:company>/pools/named/", pool_named.pool_named, name="pool_named"),
    path("c/<slug:company>/pools/<pool_id:pool>/", pools.pool_detail, name="pool_detail"),
    path("c/<slug:company>/pools/<pool_id:pool>/edit/", pool_actions.pool_edit, name="pool_edit"),
    path(
        "c/<slug:company>/pools/<pool_id:pool>/clear/", pool_actions.pool_clear, name="pool_clear"
    ),
    path(
        "c/<slug:company>/pools/<pool_id:pool>/delete/",
        pool_actions.pool_delete,
        name="pool_delete",
    ),
    path("c/<slug:company>/pools/<pool_id:pool>/note/", notes.pool_note, name="pool_note"),
    path("c/<slug:company>/batches/new/", batch_new.batch_new, name="batch_new"),
    path("c/<slug:company>/note/", notes.company_note, name="company_note"),
    path("c/<slug:company>/batches/", batches.batch_list, name="batch_list"),
    path("c/<slug:company>/batches/<uuid:batch>/", batches.batch, name="batch"),
    path(
        "c/<slug:company>/batches/<uuid:batch>/evidence/",
        evidence.batch_evidence,
        name="batch_evidence",
    ),
    path("c/<slug:company>/batches/<uuid:batch>/run/", batches.batch_run, name="batch_run"),
    path("c/<slug:company>/batches/<uuid:batch>/stop/", batches.batch_stop, name="batch_stop"),
    path(
        "c/<slug:company>/batches/<uuid:batch>/retry/",
        batches.batch_again,
        {"what": "retry"},
        name="batch_retry",
    ),
    path(
        "c/<slug:company>/batches/<uuid:batch>/revert/",
        batches.batch_again,
        {"what": "revert"},
        name="batch_revert",
    ),
    path(
        "c/<slug:company>/batches/<uuid:batch>/take-over/",
        batches.batch_again,
        {"what": "take-over"},
        name="batch_take_over",
    ),
    path(
        "c/<slug:company>/batches/<uuid:batch>/report/", batches.batch_report, name="batch_report"
    ),
    path("changes/", changes.change_list, name="change_list"),
    path("changes/export/", changes.change_export, name="change_export"),
    path("changes/evidence/", evidence.evidence, name="evidence"),
    path("changes/verify/", verifying.ledger_verify, name="ledger_verify"),
    path("audit/keys", audit_keys.keys, name="audit_keys"),
    path("changes/<uuid:change>/", changes.change_detail, name="change"),
    path("changes/<pool_id:entry>/", changes.change_of_entry, name="change_of_entry"),
    path("changes/<uuid:change>/evidence/", evidence.change_evidence, name="change_evidence"),
    path("c/<slug:company>/changes/", changes.change_list, name="change_list"),
    path("c/<slug:company>/changes/export/", changes.change_export, name="change_export"),
    path("c/<slug:company>/changes/evidence/", evidence.evidence, name="evidence"),
    path("c/<slug:company>/allowances/", allowances.allowances, name="allowances"),
    path(
        "c/<slug:company>/allowances/remove/", allowances.allowance_remove, name="allowance_remove"
    ),
    path(
        "c/<slug:company>/changes/<uuid:change>/revert/",
        pool_actions.change_revert,
        name="change_revert",
    ),
    path(
        "c/<slug:company>/changes/<uuid:change>/release/",
        settling.change_release,
        name="change_release",
    ),
    path(
        "c/<slug:company>/changes/<uuid:change>/check/",
        settling.change_check,
        name="change_check",
    ),
    path("tokens/", tokens.token_list, name="token_list"),
    path("tokens/add/", tokens.token_add, name="token_add"),
    path("tokens/<slug:company>/confirm/", tokens.token_confirm, name="token_confirm"),
    path("tokens/<slug:company>/verify/", tokens.token_verify, name="token_verify"),
    path("tokens/<slug:company>/replace/", tokens.token_replace, name="token_replace"),
    path("tokens/<slug:company>/discard/", tokens.token_discard, name="token_discard"),
    path("tokens/<slug:company>/remove/", tokens.token_remove, name="token_remove"),
    path("companies/", companies.company_list, name="company_setup"),
    path("companies/new/", companies.company_new, name="company_new"),
    # Of two addresses of one name, the later is used where it can be.
    path("companies/<slug:company>/edit/", companies.company_edit, name="company_edit"),
    path("companies/<company_page:company>/", companies.company_edit, name="company_edit"),
    path("companies/<slug:company>/archive/", companies.company_archive, name="company_archive"),
    path(
        "companies/<slug:company>/bring-back/",
        companies.company_bring_back,
        name="company_bring_back",
    ),
    path("people/", people.people_list, name="people"),
    path("people/invite/", people.person_invite, name="person_invite"),
    path(
        "people/invitations/<uuid:invitation>/withdraw/",
        people.invitation_withdraw,
        name="invitation_withdraw",
    ),
    path("people/<int:person_id>/", people.person_detail, name="person"),
    path("people/<int:person_id>/roles/", people.person_roles, name="person_roles"),
    path("people/<int:person_id>/disable/", people.person_disable, name="person_disable"),
    path("people/<int:person_id>/enable/", people.person_enable, name="person_enable"),
    path("people/<int:person_id>/delete/", people.person_delete, name="person_delete"),
    path("people/<int:person_id>/sign-out/", people.person_sign_out, name="person_sign_out"),
    path(
        "people/<int:person_id>/password/", person_password.person_password, name="person_password"
    ),
    path(
        "people/<int:person_id>/second-factors/remove/",
        people.person_forget_factors,
        name="person_forget_factors",
    ),
    path("join/", joining.join, name="join"),
    path("find/", find.find, name="find"),
    path("help/", help_pages.help_page, name="help"),
    path("help/stuck/", help_pages.stuck, name="stuck"),
    path("account/", account.account, name="account"),
    path("theme/", account.theme, name="theme"),
    path("keys/", account.keys, name="keys"),
    path("zone/", account.zone, name="zone"),
]

if open_views := unguarded_views(urlpatterns):
    raise ImproperlyConfigured(f"Views without a guard: {', '.join(open_views)}.")
