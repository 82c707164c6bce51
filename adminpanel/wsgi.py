"""The WSGI application that gunicorn serves."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adminpanel.settings")

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.db import connections

from adminpanel.checks import refuse_unsafe_start

try:
    application = get_wsgi_application()
    refuse_unsafe_start()
    # gunicorn forks after this: a connection opened here must not be shared.
    connections.close_all()
except ImproperlyConfigured as error:
    # One sentence for the person who starts it, not a traceback per worker.
    sys.exit(f"The panel does not start: {error}")
