"""The tests' settings with short times: a call is over in two seconds, settled three later."""

import os
from dataclasses import replace

# What fails here is meant to fail; what matters comes back by other ways.
os.environ.setdefault("LOG_LEVEL", "CRITICAL")

from tests.settings import *  # noqa: F403
from tests.settings import CORE_LIMITS as _LIMITS

CORE_LIMITS = replace(
    _LIMITS, deadline_seconds=2.0, connect_timeout_seconds=0.5, read_timeout_seconds=0.7
)
# Longer than any fault of `cases` lets Core take, by more than a busy machine may add.
SETTLE_QUIET_SECONDS = 2.5
SETTLE_READS_APART_SECONDS = 0.1
