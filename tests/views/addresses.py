"""Every address of the panel: who is let in, and a sample to ask for."""

from typing import Final

READER, OPERATOR, MANAGER = "Read-only", "Operator", "Manager"
AUDITOR, ADMINISTRATOR = "Auditor", "Administrator"
ROLES: Final = [READER, OPERATOR, MANAGER, AUDITOR, ADMINISTRATOR]
EDITORS: Final = [OPERATOR, MANAGER, ADMINISTRATOR]
MAKERS: Final = [MANAGER, ADMINISTRATOR]
LEADERS: Final = [ADMINISTRATOR]
NOBODY: Final[list[str]] = []
EVERYONE: Final = ["stranger", *ROLES]
# Shows something in the middle of signing in only; everybody else is sent on.
HALFWAY: Final = EVERYONE
# What an address needs before it can be judged.
QUERIES: Final = {
    "admin/autocomplete/": "?app_label=auth&model_name=user&field_name=groups&term=x",
}
SAMPLES: Final = {
    "<slug:company>": "acme",
    "<pool_id:pool>": "1",
    "<uuid:change>": "5b0b8c1e-0000-4000-8000-000000000000",
    "<uuid:invitation>": "5b0b8c1e-0000-4000-8000-000000000000",
    "<int:person_id>": "999999",
    "<int:pk>": "999999",
    "<int:company>": "999999",
    "<slug:provider_id>": "sso",
    "<path:content_type_id>": "999999",
    "<path:object_id>": "999999",
    "<id>": "999999",
    "^(?P<app_label>pools|auth)/$": "pools/",
    "(?P<url>.*)$": "no/such/page/",
}
# route → who is let in
MATRIX: Final = {
    "": ROLES,
    "c/<slug:company>/": ROLES,
    "c/<slug:company>/pools/": ROLES,
    "c/<slug:company>/pools/new/": MAKERS,
    "c/<slug:company>/pools/read/": ROLES,
    "c/<slug:company>/pools/<pool_id:pool>/": ROLES,
    "c/<slug:company>/pools/<pool_id:pool>/edit/": EDITORS,
    "c/<slug:company>/pools/<pool_id:pool>/clear/": EDITORS,
    "c/<slug:company>/pools/<pool_id:pool>/delete/": MAKERS,
    "c/<slug:company>/pools/<pool_id:pool>/note/": EDITORS,
    "c/<slug:company>/note/": EDITORS,
    "changes/": ROLES,
    "changes/export/": ROLES,
    "changes/verify/": [AUDITOR, ADMINISTRATOR],
    "changes/<uuid:change>/": ROLES,
    "c/<slug:company>/changes/": ROLES,
    "c/<slug:company>/changes/export/": ROLES,
    "c/<slug:company>/allowances/": MAKERS,
    "c/<slug:company>/allowances/remove/": MAKERS,
    "c/<slug:company>/changes/<uuid:change>/revert/": EDITORS,
    "c/<slug:company>/changes/<uuid:change>/release/": EDITORS,
    "c/<slug:company>/changes/<uuid:change>/check/": ROLES,
    "tokens/": ROLES,
    "tokens/add/": ROLES,
    "tokens/<slug:company>/confirm/": ROLES,
    "tokens/<slug:company>/verify/": ROLES,
    "tokens/<slug:company>/replace/": ROLES,
    "tokens/<slug:company>/discard/": ROLES,
    "tokens/<slug:company>/remove/": ROLES,
    "companies/": LEADERS,
    "companies/new/": LEADERS,
    "companies/<slug:company>/": LEADERS,
    "companies/<slug:company>/archive/": LEADERS,
    "companies/<slug:company>/bring-back/": LEADERS,
    "people/": LEADERS,
    "people/invite/": LEADERS,
    "people/invitations/<uuid:invitation>/withdraw/": LEADERS,
    "people/<int:person_id>/": LEADERS,
    "people/<int:person_id>/roles/": LEADERS,
    "people/<int:person_id>/disable/": LEADERS,
    "people/<int:person_id>/enable/": LEADERS,
    "people/<int:person_id>/sign-out/": LEADERS,
    "people/<int:person_id>/password/": LEADERS,
    "people/<int:person_id>/second-factors/remove/": LEADERS,
    "join/": EVERYONE,
    "find/": ROLES,
    "help/": ROLES,
    "help/stuck/": ROLES,
    "account/": ROLES,
    "theme/": EVERYONE,
    "keys/": ROLES,
    "zone/": ROLES,
    "accounts/login/": EVERYONE,
    "accounts/logout/": EVERYONE,
    "accounts/inactive/": EVERYONE,
    "accounts/signup/": EVERYONE,
    "accounts/password/change/": ROLES,
    "accounts/password/forgotten/": EVERYONE,
    "accounts/password/code/": EVERYONE,
    "accounts/password/new/": EVERYONE,
    "accounts/sessions/": ROLES,
    "accounts/reauthenticate/": ROLES,
    "accounts/reauthenticate/code/": ROLES,
    "accounts/reauthenticate/passkey/": ROLES,
    "accounts/reauthenticate/provider/": ROLES,
    "accounts/second-factor/": ROLES,
    "accounts/second-factor/code/": HALFWAY,
    "accounts/second-factor/app/": ROLES,
    "accounts/second-factor/app/remove/": ROLES,
    "accounts/second-factor/recovery-codes/": ROLES,
    "accounts/second-factor/recovery-codes/download/": ROLES,
    "accounts/second-factor/recovery-codes/new/": ROLES,
    "accounts/second-factor/passkeys/": ROLES,
    "accounts/second-factor/passkeys/new/": ROLES,
    "accounts/second-factor/passkeys/sign-in/": EVERYONE,
    "accounts/second-factor/passkeys/<int:pk>/": ROLES,
    "accounts/second-factor/passkeys/<int:pk>/remove/": ROLES,
    "accounts/oidc/<slug:provider_id>/login/": EVERYONE,
    "accounts/oidc/<slug:provider_id>/login/callback/": EVERYONE,
    "accounts/oidc/cancelled/": EVERYONE,
    "accounts/oidc/error/": EVERYONE,
    "accounts/oidc/taken/": NOBODY,  # says why one cannot come in, with 403
    "accounts/oidc/connections/": ROLES,
    "admin/": LEADERS,
    "admin/login/": LEADERS,
    "admin/logout/": ROLES,
    "admin/password_change/": LEADERS,
    "admin/password_change/done/": LEADERS,
    "admin/autocomplete/": LEADERS,
    "admin/jsi18n/": LEADERS,
    "admin/r/<path:content_type_id>/<path:object_id>/": LEADERS,
    "admin/pools/token/": LEADERS,
    "admin/pools/token/add/": NOBODY,
    "admin/pools/token/<path:object_id>/history/": LEADERS,
    "admin/pools/token/<path:object_id>/delete/": NOBODY,
    "admin/pools/token/<path:object_id>/change/": LEADERS,
    "admin/pools/token/<path:object_id>/": LEADERS,
    "admin/pools/entry/": LEADERS,
    "admin/pools/entry/add/": NOBODY,
    "admin/pools/entry/<path:object_id>/history/": LEADERS,
    "admin/pools/entry/<path:object_id>/delete/": NOBODY,
    "admin/pools/entry/<path:object_id>/change/": LEADERS,
    "admin/pools/entry/<path:object_id>/": LEADERS,
    "admin/auth/user/": LEADERS,
    "admin/auth/user/add/": LEADERS,
    "admin/auth/user/<id>/password/": LEADERS,
    "admin/auth/user/<path:object_id>/history/": LEADERS,
    "admin/auth/user/<path:object_id>/delete/": LEADERS,
    "admin/auth/user/<path:object_id>/change/": LEADERS,
    "admin/auth/user/<path:object_id>/": LEADERS,
    "admin/auth/group/": LEADERS,
    "admin/auth/group/add/": NOBODY,  # for superusers
    "admin/auth/group/<path:object_id>/history/": LEADERS,
    "admin/auth/group/<path:object_id>/delete/": NOBODY,
    "admin/auth/group/<path:object_id>/change/": LEADERS,
    "admin/auth/group/<path:object_id>/": LEADERS,
    "admin/^(?P<app_label>pools|auth)/$": LEADERS,
    "admin/(?P<url>.*)$": LEADERS,
    "healthz": EVERYONE,
    "readyz": EVERYONE,
    "metrics": EVERYONE,  # whom METRICS_TOKEN is asked of, when it is set
}


def address_of(route: str) -> str:
    address = route
    for part, sample in SAMPLES.items():
        address = address.replace(part, sample)
    return f"/{address}{QUERIES.get(route, '')}"
