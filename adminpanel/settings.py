"""Every setting of the panel, all from the environment.

What is required has no default: a start without it refuses in one sentence.
`NAME_FILE` may name a file that holds the value of `NAME` (container secrets).
The README's configuration table lists them all.
"""

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from adminpanel.database import database_settings
from adminpanel.environment import (
    certificates,
    env,
    hosts,
    keys,
    metrics_token,
    number,
    one_of,
    origins,
    proxy,
    required,
    secret_key,
    switch,
    tickets,
    time_zone,
    whole_number,
)
from adminpanel.logs import logging_settings
from adminpanel.mail import mail_settings
from adminpanel.single_sign_on import single_sign_on
from pools.core.limits import CoreLimits

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Required ---------------------------------------------------------------------------

SECRET_KEY = secret_key()
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS")
DATABASE_URL = required("DATABASE_URL", "for instance sqlite:////data/panel.sqlite3.")
TOKEN_KEYS = keys("TOKEN_KEYS")
AUDIT_KEYS = keys("AUDIT_KEYS")

# --- How it is reached ------------------------------------------------------------------

DEBUG = switch("DEBUG", default=False)
HTTPS = switch("HTTPS", default=True)
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXY_COUNT = whole_number("TRUSTED_PROXY_COUNT", 0, least=0, most=10)
WEB_THREADS = whole_number("WEB_THREADS", 8, least=3, most=128)
LOG_FORMAT = one_of("LOG_FORMAT", ("json", "text"), "json")
LOG_LEVEL = one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
PANEL_NAME = env.str("PANEL_NAME", default="Pools Panel")
METRICS_TOKEN = metrics_token()
TICKET_LINKS = tickets()

# --- Core -------------------------------------------------------------------------------

CORE_LIMITS = CoreLimits(
    deadline_seconds=number("CORE_DEADLINE_SECONDS", 15, least=1, most=25),
    connect_timeout_seconds=number("CORE_CONNECT_TIMEOUT_SECONDS", 5, least=0.1, most=25),
    read_timeout_seconds=number("CORE_READ_TIMEOUT_SECONDS", 10, least=0.1, most=25),
    max_answer_bytes=whole_number("CORE_MAX_ANSWER_BYTES", 8 * 2**20, least=2**16, most=2**26),
    # Two threads stay free, so that signing in and the record work while Core hangs.
    calls_at_once=whole_number("CORE_CALLS_AT_ONCE", WEB_THREADS - 2, least=1, most=126),
    connections_kept=WEB_THREADS,
    ca_file=certificates("CORE_CA_FILE"),
    proxy_url=proxy("CORE_PROXY_URL"),
    plain_http_hosts=frozenset(env.list("CORE_PLAIN_HTTP_HOSTS", default=[])),
)

# A key that never expires is worth a word when it has been in use for so long.
TOKEN_NUDGE_DAYS = whole_number("TOKEN_NUDGE_DAYS", 180, least=1, most=3650)

# --- Settling ---------------------------------------------------------------------------

# How long nothing is read after a change of unknown outcome. At once, a change that Core
# still carries out looks as if it had not been made: longer than a call and Core's own run.
SETTLE_QUIET_SECONDS = number(
    "SETTLE_QUIET_SECONDS", 60, least=CORE_LIMITS.deadline_seconds, most=3600
)
SETTLE_READS_APART_SECONDS = number("SETTLE_READS_APART_SECONDS", 5, least=1, most=60)

# --- Django -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "pools",
    "pools.admin_site.PanelAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
]

MIDDLEWARE = [
    "adminpanel.metrics.MetricsMiddleware",
    "adminpanel.middleware.ClientAddressMiddleware",
    "adminpanel.middleware.ProbesMiddleware",
    "adminpanel.middleware.RequestIdMiddleware",
    "adminpanel.middleware.HeadersMiddleware",
    "adminpanel.middleware.MethodsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A list page is 66 kB of markup; Django pads what it compresses against BREACH.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "adminpanel.middleware.PrivateAnswersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "adminpanel.middleware.SessionLimitsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "adminpanel.middleware.ReaderZoneMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "adminpanel.middleware.HtmxRedirectMiddleware",
    "pools.accounts.door.DoorMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pools.accounts.seen.LastSeenMiddleware",
    "pools.accounts.second_factors.SecondFactorMiddleware",
]

ROOT_URLCONF = "adminpanel.urls"
WSGI_APPLICATION = "adminpanel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pools.presentation.panel",
                "pools.accounts.context.signing_in",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATIC_ROOT = env.str("STATIC_ROOT", default=str(BASE_DIR / ".static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only hashed names are ever served: half the work of collectstatic.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

USE_TZ = True
TIME_ZONE = time_zone("TIME_ZONE")
USE_I18N = False
LANGUAGE_CODE = "en"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
# Nothing here takes a file: none is even begun, which would be written to the disk.
DATA_UPLOAD_MAX_NUMBER_FILES = 0

# --- Database ---------------------------------------------------------------------------

DATABASES = {"default": database_settings(DATABASE_URL)}
# In the database, so that every process counts sign-in attempts together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "panel_cache",
        # Django's 300 would let anyone push the counts of others out with made-up names.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Signing in -------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["pools.accounts.backend.OneCheckBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "pools.accounts.passwords.StolenPasswordValidator"},
    {"NAME": "pools.accounts.passwords.LocalWordsValidator"},
]
# A link to choose a new password opens for so long.
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "pools.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "pools.accounts.forms.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    # Of an address, and of a name; a browser that its owner has used counts for itself.
    "login_failed": "10/m/ip,5/5m/key",
    "invitation": "20/m/ip",
    # Links to a new password: asking for them, of an address and for a name; using them.
    "reset_password": "10/m/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
}

SECOND_FACTOR_REQUIRED = switch("SECOND_FACTOR_REQUIRED", default=False)
MFA_ADAPTER = "pools.accounts.second_factors.SealedFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# Nobody's e-mail is verified here: people are made by an administrator.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# A clock may be half a minute off.
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "pools.accounts.forms.CodeForm",
    "reauthenticate": "pools.accounts.forms.CodeAgainForm",
    "activate_totp": "pools.accounts.forms.FirstCodeForm",
    "add_webauthn": "pools.accounts.forms.NewPasskeyForm",
    "authenticate_webauthn": "pools.accounts.forms.PasskeyForm",
    "login_webauthn": "pools.accounts.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "pools.accounts.forms.PasskeyAgainForm",
}

INVITATION_DAYS = whole_number("INVITATION_DAYS", 7, least=1, most=30)
_mail = mail_settings()
EMAIL_CONFIGURED = _mail is not None
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
if _mail is not None:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail.host, _mail.port
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password.reveal()
    EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.starttls, _mail.tls
    DEFAULT_FROM_EMAIL = _mail.sender
EMAIL_TIMEOUT = 10
SINGLE_SIGN_ON = single_sign_on()
SOCIALACCOUNT_ADAPTER = "pools.accounts.provider.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = SINGLE_SIGN_ON.provider_settings() if SINGLE_SIGN_ON else {}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

SESSION_IDLE_MINUTES = whole_number("SESSION_IDLE_MINUTES", 120, least=5, most=1440)
SESSION_MAX_HOURS = whole_number("SESSION_MAX_HOURS", 12, least=1, most=168)
SESSION_COOKIE_AGE = SESSION_IDLE_MINUTES * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
DEVICE_COOKIE_NAME = "__Host-device" if HTTPS else "device"
THEME_COOKIE_NAME = "__Host-theme" if HTTPS else "theme"
ZONE_COOKIE_NAME = "__Host-zone" if HTTPS else "zone"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "adminpanel.views.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# --- Headers ----------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
# Probes come over plain HTTP from within: see ProbesMiddleware.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS and TRUSTED_PROXY_COUNT else None
)
SECURE_HSTS_SECONDS = 365 * 86400 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # After a form the provider's address counts too: browsers look at where it leads.
        "form-action": [SELF, *(SINGLE_SIGN_ON.form_origins if SINGLE_SIGN_ON else ())],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)
LOGGING_CONFIG = "adminpanel.logs.configure"
