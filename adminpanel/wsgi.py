"""The WSGI application that gunicorn serves."""

import os
import sys

from adminpanel import worker_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adminpanel.settings")
# Before anything that counts is loaded.
worker_metrics.prepare()

from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402

from adminpanel.checks import refuse_unsafe_start  # noqa: E402

try:
    application = get_wsgi_application()
    refuse_unsafe_start()
    # gunicorn forks after this: a connection opened here must not be shared.
    connections.close_all()
except ImproperlyConfigured as error:
    # One sentence for the person who starts it, not a traceback per worker.
    sys.exit(f"The panel does not start: {error}")
