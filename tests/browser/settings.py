"""The demo's settings, but that a password is hashed in no time: a quarter of a second each."""

from adminpanel.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
