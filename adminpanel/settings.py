"""Every setting of the panel, all from the environment.

What is required has no default: a start without it refuses in one sentence.
`NAME_FILE` may name a file that holds the value of `NAME` (container secrets).
docs/configuration.md lists them all. docs/architecture.md says which defaults are elsewhere.
"""

from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined

from adminpanel.compiled_templates import CompiledTemplates
from adminpanel.database import database_settings
from adminpanel.environment import (
    certificates,
    day_or_none,
    host_of,
    hosts,
    https_url,
    items,
    keys,
    keys_if_any,
    log_format,
    log_origin,
    machine_token,
    networks,
    number,
    number_or_none,
    one_of,
    plain_http_hosts,
    proxy,
    public_url,
    required,
    secret_key,
    switch,
    text,
    tickets,
    time_zone,
    whole_number,
    whole_number_or_none,
)
from adminpanel.logs import logging_settings
from adminpanel.mail import mail_settings, settings_for_django
from adminpanel.single_sign_on import single_sign_on
from pools.accounts.attempts import RATE_LIMITS
from pools.core.limits import CoreLimits
from pools.people.invitation_times import USUAL_INVITATION_DAYS

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Required ---------------------------------------------------------------------------

SECRET_KEY = secret_key()
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS")
DATABASE_URL = required("DATABASE_URL", "For example sqlite:////data/panel.sqlite3.")
TOKEN_KEYS = keys("TOKEN_KEYS")
AUDIT_KEYS = keys("AUDIT_KEYS")

# --- How it is reached ------------------------------------------------------------------

DEBUG = switch("DEBUG", default=False)
HTTPS = switch("HTTPS", default=True)
# Where a proxy in front changes the host, this says what it was: see PublicAddressMiddleware.
PUBLIC_URL = public_url("PUBLIC_URL", https=HTTPS)
if PUBLIC_URL:
    ALLOWED_HOSTS.append(host_of(PUBLIC_URL))
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
TRUSTED_PROXY_COUNT = whole_number("TRUSTED_PROXY_COUNT", 0, least=0, most=10)
WEB_THREADS = whole_number("WEB_THREADS", 16, least=3, most=128)
LOG_FORMAT = log_format()
LOG_LEVEL = one_of("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
PANEL_NAME = text("PANEL_NAME", "Pools Panel")
METRICS_TOKEN = machine_token("METRICS_TOKEN")
FEED_TOKEN = machine_token("FEED_TOKEN")
FEED_VALUES = switch("FEED_VALUES", default=False)
TICKETS = tickets()

# --- Signed checkpoints of the record -----------------------------------------------------

SIGNING_KEYS = keys_if_any("SIGNING_KEYS")
LEDGER_ORIGIN = log_origin("LEDGER_ORIGIN", host_of(PUBLIC_URL) or ALLOWED_HOSTS[0])
CHECKPOINT_FILE = text("CHECKPOINT_FILE")
CHECKPOINT_URL = https_url("CHECKPOINT_URL")
WITNESS_KEYS = items("WITNESS_KEYS")
# Nothing that was recorded from this day on is taken out of the database.
LEGAL_HOLD = day_or_none("LEGAL_HOLD")

# --- Core -------------------------------------------------------------------------------

_usual = CoreLimits()
# Four threads stay out of it, so that signing in and the record work while Core hangs.
_CALLS_AT_ONCE = whole_number("CORE_CALLS_AT_ONCE", max(1, WEB_THREADS - 4), least=1, most=126)
CORE_LIMITS = CoreLimits(
    deadline_seconds=number("CORE_DEADLINE_SECONDS", _usual.deadline_seconds, least=1, most=25),
    connect_timeout_seconds=number(
        "CORE_CONNECT_TIMEOUT_SECONDS", _usual.connect_timeout_seconds, least=0.1, most=25
    ),
    read_timeout_seconds=number(
        "CORE_READ_TIMEOUT_SECONDS", _usual.read_timeout_seconds, least=0.1, most=25
    ),
    max_answer_bytes=whole_number(
        "CORE_MAX_ANSWER_BYTES", _usual.max_answer_bytes, least=2**16, most=2**26
    ),
    calls_at_once=_CALLS_AT_ONCE,
    # Half of the threads that are left may wait for a second, whatever Core does: see CoreLimits.
    waiting_at_once=max(1, (WEB_THREADS - _CALLS_AT_ONCE) // 2),
    connections_kept=WEB_THREADS,
    ca_file=certificates("CORE_CA_FILE"),
    proxy_url=proxy("CORE_PROXY_URL"),
    plain_http_hosts=plain_http_hosts("CORE_PLAIN_HTTP_HOSTS"),
    private_networks=networks("CORE_PRIVATE_NETWORKS"),
)

# A page of a Core that is slower than this is begun without it: its frame, then the rest.
PAGE_PATIENCE_SECONDS: float | None = 1.0

# After this many days in use, the panel suggests replacing a key that never expires.
TOKEN_NUDGE_DAYS = whole_number_or_none("TOKEN_NUDGE_DAYS", least=1, most=3650)

# Find offers to read all pools of a company where they were all read longer ago than this.
FIND_STALE_HOURS = whole_number("FIND_STALE_HOURS", 24, least=1, most=8760)

# So many calls of a list run at the same time, of the one request that makes its changes.
BATCH_CALLS_AT_ONCE = whole_number(
    "BATCH_CALLS_AT_ONCE",
    min(3, CORE_LIMITS.calls_at_once),
    least=1,
    most=CORE_LIMITS.calls_at_once,
)

# --- Settling ---------------------------------------------------------------------------

# None: as in pools/changes/settling_times.py, which can't be loaded before the models.
SETTLE_QUIET_SECONDS = number_or_none(
    "SETTLE_QUIET_SECONDS", least=CORE_LIMITS.deadline_seconds + 1, most=3600
)
SETTLE_READS_APART_SECONDS = number_or_none("SETTLE_READS_APART_SECONDS", least=1, most=25)

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
    "django_htmx",
]

MIDDLEWARE = [
    "adminpanel.metrics.MetricsMiddleware",
    "adminpanel.middleware.ClientAddressMiddleware",
    "adminpanel.middleware.ProbesMiddleware",
    "adminpanel.request_log.RequestIdMiddleware",
    "adminpanel.middleware.HeadersMiddleware",
    "adminpanel.middleware.MethodsMiddleware",
    "adminpanel.middleware.PublicAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # A list page is 40 kB of markup.
    "adminpanel.compressing.CompressingMiddleware",
    "adminpanel.middleware.PrivateAnswersMiddleware",
    "adminpanel.middleware.TooLargeMiddleware",
    "pools.accounts.sessions.SessionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "pools.pages.ticket.TicketMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "adminpanel.middleware.SessionLimitsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "adminpanel.middleware.ReaderZoneMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "adminpanel.middleware.HtmxRedirectMiddleware",
    "pools.accounts.signed_out.SignedOutMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "pools.accounts.last_seen.LastSeenMiddleware",
    "pools.accounts.second_factors.SecondFactorMiddleware",
    "pools.pages.direction.DirectionMiddleware",
    "adminpanel.middleware.OnlySentToMiddleware",
]

ROOT_URLCONF = "adminpanel.urls"
WSGI_APPLICATION = "adminpanel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_ROOT = text("STATIC_ROOT", str(BASE_DIR / ".static"))
COMPILED_TEMPLATES = CompiledTemplates(Path(f"{STATIC_ROOT}-templates"))

_CONTEXT = [
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
    "pools.pages.context.panel",
    "pools.accounts.context.signing_in",
]
# Asked in this order. What people see is Jinja2, forms included: Django has its own of those
# (APP_DIRS). Django's language is there for Django's administration, in pools/templates, and
# for the sentences that allauth has of its own.
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "environment": "pools.pages.template_functions.environment",
            "undefined": StrictUndefined,
            "autoescape": True,
            # As many as there are, and Django's of forms: compiled once for the process.
            "cache_size": -1,
            "bytecode_cache": COMPILED_TEMPLATES,
            "auto_reload": DEBUG,
            "context_processors": _CONTEXT,
        },
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["django.template.context_processors.request", *_CONTEXT]
        },
    },
]
# Forms ask these engines too, so that templates/django/forms goes before Django's own.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "static"]
# Only hashed names are ever served: half the work of collectstatic.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "adminpanel.static_files.StaticFiles"},
}

USE_TZ = True
TIME_ZONE = time_zone("TIME_ZONE")
USE_I18N = False
LANGUAGE_CODE = "en"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2**20
# One form takes one file, which stays in memory: see adminpanel/uploads.py. None is written to the
# disk. It may be as large as what is pasted instead; the rest is for what is sent around it.
DATA_UPLOAD_MAX_NUMBER_FILES = 1
FILE_UPLOAD_HANDLERS = ["adminpanel.uploads.OneFormOnly"]
FILE_UPLOAD_MAX_MEMORY_SIZE = 2**20 + 2**16

# --- Database ---------------------------------------------------------------------------

DATABASES = {"default": database_settings(DATABASE_URL)}
# In the database, so that every process counts sign-in attempts together.
CACHES = {
    "default": {
        "BACKEND": "pools.accounts.attempts.CountingCache",
        "LOCATION": "panel_cache",
        # Django's 300 would let anyone push the counts of others out with made-up names.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- Signing in -------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["pools.accounts.backend.OneCheckBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "pools.accounts.passwords.LengthValidator"},
    {"NAME": "pools.accounts.passwords.StolenPasswordValidator"},
    {"NAME": "pools.accounts.passwords.NamesValidator"},
]
# How long a link to choose a new password works.
PASSWORD_RESET_TIMEOUT = 60 * 60
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "pools.accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "pools.accounts.forms.SignInForm",
    "change_password": "pools.accounts.forms.OwnPasswordForm",
    "reauthenticate": "pools.accounts.forms.PasswordAgainForm",
}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = LOGIN_URL
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_RATE_LIMITS = RATE_LIMITS

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
    "edit_webauthn": "pools.accounts.forms.RenamePasskeyForm",
    "authenticate_webauthn": "pools.accounts.forms.PasskeyForm",
    "login_webauthn": "pools.accounts.forms.PasskeySignInForm",
    "reauthenticate_webauthn": "pools.accounts.forms.PasskeyAgainForm",
}

# None: as in pools/people/leaving.py, which can't be loaded before the models.
LEAVER_TOKEN_DAYS = whole_number_or_none("LEAVER_TOKEN_DAYS", least=0, most=365)
INVITATION_DAYS = whole_number("INVITATION_DAYS", USUAL_INVITATION_DAYS, least=1, most=30)
_mail = mail_settings()
EMAIL_CONFIGURED = _mail is not None
if _mail is not None:
    DEFAULT_FROM_EMAIL = _mail.sender
# Their names depend on the version of Django.
globals().update(settings_for_django(_mail))
# Django 6.1 considers a panel without a mail server a mistake. Administrators hand links over.
SILENCED_SYSTEM_CHECKS = ["mail.E001"]
SINGLE_SIGN_ON = single_sign_on()
SOCIALACCOUNT_ADAPTER = "pools.accounts.provider.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = SINGLE_SIGN_ON.provider_settings() if SINGLE_SIGN_ON else {}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5

SESSION_ENGINE = "pools.accounts.sessions"
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
KEYS_COOKIE_NAME = "__Host-keys" if HTTPS else "keys"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "pools.accounts.csrf_refusals.csrf_failure"
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
_provider = " ".join(SINGLE_SIGN_ON.form_origins) if SINGLE_SIGN_ON else ""
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        # After a form the provider's address counts too: browsers look at where it leads.
        f"form-action 'self' {_provider}".rstrip(),
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)
LOGGING_CONFIG = "adminpanel.logs.configure"
