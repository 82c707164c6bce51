"""The WSGI application that gunicorn serves."""

import gc
import os
import sys

from adminpanel import worker_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "adminpanel.settings")
# Loading makes next to no garbage, and looking for it takes a tenth of the start.
gc.disable()
# Before anything that counts is loaded.
worker_metrics.prepare()

from django.conf import settings  # noqa: E402
from django.core.exceptions import ImproperlyConfigured  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connections  # noqa: E402
from django.urls import reverse  # noqa: E402

from adminpanel.checks import refuse_unsafe_start  # noqa: E402
from pools.core import load_certificates  # noqa: E402

try:
    application = get_wsgi_application()
    refuse_unsafe_start()
    # Loads every view, once for all workers; each would keep its first visitor waiting for it.
    reverse(settings.LOGIN_URL)
    load_certificates(settings.CORE_LIMITS)
    # gunicorn forks after this: a connection opened here must not be shared.
    connections.close_all()
except ImproperlyConfigured as error:
    # One sentence for the person who starts it, not a traceback per worker.
    sys.exit(f"The panel does not start: {error}")

# What is loaded stays. A worker that looked through it for garbage would write to all of its
# memory, and so have a copy of its own of what gunicorn's processes share.
gc.freeze()
gc.enable()
