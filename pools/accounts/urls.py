"""Addresses of signing in: only the pages of allauth that are in use."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount import views as provider
from django.contrib.auth.decorators import login_not_required
from django.urls import path
from django.views.generic import RedirectView

from pools.accounts import forgotten_password, views
from pools.accounts.reauthentication import (
    all_or_nothing,
    credential_given_lately,
    with_new_session,
)
from pools.pages.guards import View


def lately(view: View) -> View:
    """What changes how its person signs in: whole, and only if they have just proved themselves."""
    return credential_given_lately(all_or_nothing(view))


urlpatterns = [
    path("login/", views.SignIn.as_view(), name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),
    path("password/change/", all_or_nothing(views.password_change), name="account_change_password"),
    path("password/forgotten/", forgotten_password.ask, name="account_password_forgotten"),
    path("password/code/", forgotten_password.use_code, name="account_password_code"),
    path("password/new/", forgotten_password.new_password, name="account_new_password"),
    path("sessions/", all_or_nothing(views.session_list), name="usersessions_list"),
    # Proving once more who one is.
    path(
        "reauthenticate/",
        with_new_session(account.reauthenticate),
        name="account_reauthenticate",
    ),
    path("reauthenticate/code/", with_new_session(mfa.reauthenticate), name="mfa_reauthenticate"),
    path(
        "reauthenticate/passkey/",
        with_new_session(webauthn.reauthenticate_webauthn),
        name="mfa_reauthenticate_webauthn",
    ),
    path("reauthenticate/provider/", views.provider_again, name="sso_reauthenticate"),
    # Second factors.
    path("second-factor/", mfa.index, name="mfa_index"),
    path("second-factor/code/", mfa.authenticate, name="mfa_authenticate"),
    path("second-factor/app/", lately(totp.activate_totp), name="mfa_activate_totp"),
    path("second-factor/app/remove/", lately(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path(
        "second-factor/recovery-codes/",
        lately(recovery_codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "second-factor/recovery-codes/download/",
        lately(recovery_codes.download_recovery_codes),
        name="mfa_download_recovery_codes",
    ),
    path(
        "second-factor/recovery-codes/new/",
        lately(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "second-factor/passkeys/",
        RedirectView.as_view(pattern_name="mfa_index"),
        name="mfa_list_webauthn",
    ),
    path(
        "second-factor/passkeys/new/", lately(views.NewPasskey.as_view()), name="mfa_add_webauthn"
    ),
    path(
        "second-factor/passkeys/sign-in/",
        views.PasskeySignIn.as_view(),
        name="mfa_login_webauthn",
    ),
    path(
        "second-factor/passkeys/<int:pk>/",
        lately(webauthn.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
    path(
        "second-factor/passkeys/<int:pk>/remove/",
        lately(webauthn.remove_webauthn),
        name="mfa_remove_webauthn",
    ),
    # Single sign-on.
    path("oidc/<slug:provider_id>/login/", views.provider_sign_in, name="openid_connect_login"),
    path(
        "oidc/<slug:provider_id>/login/callback/",
        views.provider_callback,
        name="openid_connect_callback",
    ),
    path("oidc/cancelled/", provider.login_cancelled, name="socialaccount_login_cancelled"),
    path(
        "oidc/error/",
        # allauth leaves this one behind the sign-in that did not work.
        login_not_required(provider.login_error),
        name="socialaccount_login_error",
    ),
    path("oidc/taken/", views.provider_taken, name="socialaccount_signup"),
    path("oidc/connections/", lately(provider.connections), name="socialaccount_connections"),
]
