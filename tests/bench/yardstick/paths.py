"""What is asked of Core: the same as the panel asks."""

from typing import Final

from pools.core.addresses import POOLS_PATH
from pools.core.client import INCLUDE

POOLS: Final = f"{POOLS_PATH}?include={INCLUDE}"
