"""The demo's settings, but that a password is hashed in no time, and addresses of its own.

Its files are served as they are: to compress them takes seconds, and a browser shows the same.
"""

from adminpanel.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROOT_URLCONF = "tests.browser.urls"
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ["css", "html", "js", "json", "md", "svg", "txt"]
