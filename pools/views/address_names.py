"""The names that an address has and its page does not: refused, or said and passed over. A name
that it has more than once, with different values, is refused: one would be taken in silence.

A page that shows a list shows it all the same, and says what it made nothing of: somebody who
believes that they see a part of the list acts on the wrong pool. What is made of a list, a file
or a list of changes, is refused: it would have more than was meant.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from django.http import HttpRequest, QueryDict

from pools.wording import addresses
from pools.wording.addresses import AddressRefused, BadAddress

# What mail programs, help desks and campaigns hang on each link. It was never meant for us.
_TRACKING: Final = re.compile(
    r"utm_\w+|gclid|gclsrc|[gw]braid|dclid|fbclid|msclkid|yclid|ttclid|mc_[ce]id|_hsenc|_hsmi|mkt_tok"
)


def unknown_in(address: Mapping[str, str], known: Sequence[str]) -> list[str]:
    return [name for name in address if name not in known and not _TRACKING.fullmatch(name)]


def known_in(address: QueryDict, known: Sequence[str]) -> QueryDict:
    found = QueryDict(mutable=True)
    for name in known:
        if name in address:
            found.setlist(name, address.getlist(name))
    return found


def refuse_unknown(address: QueryDict, known: Sequence[str]) -> None:
    """Raises BadAddress for a name that is not known, or that is there more than once."""
    if unknown := unknown_in(address, known):
        raise BadAddress(addresses.one_parameter_of(known, unknown))
    refuse_repeated(address, known)


def refuse_repeated(address: QueryDict, known: Sequence[str]) -> None:
    if repeated := _repeated_in(address, known):
        raise BadAddress(addresses.more_than_once(repeated))


def refuse_form_of_two(request: HttpRequest, *known: str) -> None:
    """Refuses, as a page of its own, an address that names twice what a form begins with.

    Where the form is sent, its fields count.
    """
    if request.method == "GET" and (repeated := _repeated_in(request.GET, known)):
        raise AddressRefused(addresses.more_than_once(repeated))


def last_one_counts(address: QueryDict, known: Sequence[str]) -> str:
    """What a page says that shows the last one of such values all the same; empty where none is."""
    repeated = _repeated_in(address, known)
    return addresses.last_one_counts(repeated) if repeated else ""


def _repeated_in(address: QueryDict, known: Sequence[str]) -> str:
    """The first name that is there with different values; empty where none is."""
    return next((name for name in known if len(set(address.getlist(name))) > 1), "")


def nothing_made_of(address: Mapping[str, str], known: Sequence[str]) -> str:
    """What its page says of such names; empty where it has none."""
    unknown = unknown_in(address, known)
    return addresses.means_nothing(known, unknown) if unknown else ""
