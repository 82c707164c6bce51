"""The demo's settings, but that a password is hashed in no time, and addresses of its own."""

from adminpanel.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "tests.browser.urls"
