"""The names that an address has and its page does not: refused, or said and passed over.

A page that shows a list shows it all the same, and says what it made nothing of: somebody who
believes that they see a part of the list acts on the wrong pool. What is made of a list, a file
or a list of changes, is refused: it would have more than was meant.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from pools.wording import addresses
from pools.wording.addresses import BadAddress

# What mail programs, help desks and campaigns hang on each link. It was never meant for us.
_TRACKING: Final = re.compile(
    r"utm_\w+|gclid|gclsrc|[gw]braid|dclid|fbclid|msclkid|yclid|ttclid|mc_[ce]id|_hsenc|_hsmi|mkt_tok"
)


def unknown_in(address: Mapping[str, str], known: Sequence[str]) -> list[str]:
    return [name for name in address if name not in known and not _TRACKING.fullmatch(name)]


def known_in(address: Mapping[str, str], known: Sequence[str]) -> dict[str, str]:
    return {name: address[name] for name in known if name in address}


def refuse_unknown(address: Mapping[str, str], known: Sequence[str]) -> None:
    """Raises BadAddress for a name that is not known."""
    if unknown := unknown_in(address, known):
        raise BadAddress(addresses.one_parameter_of(known, unknown))


def nothing_made_of(address: Mapping[str, str], known: Sequence[str]) -> str:
    """What its page says of such names; empty where it has none."""
    unknown = unknown_in(address, known)
    return addresses.means_nothing(known, unknown) if unknown else ""
