"""Why a call to Patchworks failed, in one sentence each."""

import re
from collections.abc import Mapping
from typing import Final

from pools.core import CoreError, Reason

# What a framework says of its own classes where a record is missing: it tells a person nothing.
_ABOUT_CLASSES: Final = re.compile(r"No query results for model \[[\w\\]+\][\d, ]*\.?")
# For the administrator who is asked, and can do something about it.
CAUSES: Final[Mapping[Reason, str]] = {
    Reason.OWN_CHECK: "The panel's own check found that this request can't be sent.",
    Reason.KEPT_FREE: (
        "Patchworks limits how often this account may ask, and the rest is kept for people."
    ),
    Reason.ADDRESS: (
        "The settings don't let the panel call the company's address: see CORE_PRIVATE_NETWORKS "
        "and CORE_PLAIN_HTTP_HOSTS."
    ),
    Reason.DNS: "The host name in the company's address was not found.",
    Reason.CONNECTION_REFUSED: "Patchworks' host refused the connection.",
    Reason.UNREACHABLE: "Patchworks' host can't be reached from here.",
    Reason.CONNECT_TIMEOUT: "Patchworks' host took too long to accept the connection.",
    Reason.CERTIFICATE: "We couldn't verify Patchworks' certificate.",
    Reason.NO_TLS: "Patchworks' host didn't make a secure connection. Does https belong there?",
    Reason.CA_FILE: "The file of trusted certificates (CORE_CA_FILE) can't be read.",
    Reason.PROXY: "The proxy on the way to Patchworks refused the connection.",
    Reason.DEADLINE: "Patchworks took too long to answer.",
    Reason.READ_TIMEOUT: "Patchworks stopped answering.",
    Reason.CONNECTION_LOST: "The connection to Patchworks broke.",
    Reason.CUT: "Patchworks' answer broke off before its end.",
    Reason.EMPTY_OR_CUT: (
        "Patchworks' answer was empty, and didn't say that this was all: it may have broken off."
    ),
    Reason.SERVER_ERROR: "Patchworks had an error.",
    Reason.REDIRECT: "The company's address redirects somewhere else. Is it right?",
    Reason.WEB_PAGE: "A web page answered. Is the company's address right?",
    Reason.NOT_JSON: "The answer was not JSON.",
    Reason.EMPTY: "The answer was empty.",
    Reason.PRINTED: "Patchworks printed an error of its own into the answer, so we can't read it.",
    Reason.APPENDED: (
        "There was something after Patchworks' answer that doesn't belong there. A proxy on the "
        "way may have added it."
    ),
    Reason.NOT_UTF8: "The answer was not in UTF-8, as JSON has to be.",
    Reason.MALFORMED: "The answer was malformed.",
    Reason.TOO_LARGE: "The answer was too large to come from Patchworks.",
    Reason.STATUS: "Patchworks answered with a status that isn't in its documentation.",
    Reason.ACCEPTED: "Patchworks accepted this, but didn't say that it is done (202).",
    Reason.SHAPE: "The answer wasn't in the format that Patchworks documents.",
    Reason.JSON_API: "Patchworks wrapped its pools as JSON:API (type and attributes), "
    "which this panel doesn't read.",
    Reason.IDS: "Patchworks' pools have ids that aren't whole numbers. This panel can't work "
    "with those.",
    Reason.ENCODING: "The answer was compressed in a way that we didn't ask for "
    "(Content-Encoding).",
    Reason.NONE_LISTED: "Patchworks says that there are more pools, but listed none.",
    Reason.NOTHING_TOLD: "Patchworks listed pools without ids or names.",
    Reason.MISMATCH: "Patchworks answered with other values than we sent.",
    Reason.OTHER_POOL: "Patchworks answered with another pool than the one we asked for.",
    Reason.NO_TOKEN: "Patchworks gave no token for this sign-in.",
    Reason.SAYS_NO: "Patchworks answered as if it had worked, but reported an error.",
}

# The same with the status, which says more than the rest.
_NUMBERED: Final[Mapping[str, str]] = {
    Reason.SERVER_ERROR: "Patchworks had an error ({}).",
    Reason.STATUS: "Patchworks answered with a status that isn't in its documentation ({}).",
    Reason.WEB_PAGE: "A web page answered ({}). Is the company's address right?",
    Reason.NOT_JSON: "The answer was not JSON ({}).",
    Reason.EMPTY: "The answer was empty ({}).",
}


def cause_of(error: CoreError) -> str:
    """A sentence about the cause, or nothing where there is no more to say."""
    return cause_in(str(error.reason), error.status)


def cause_at_sign_in(error: CoreError) -> str:
    """The same of the other address that a company has."""
    return cause_of(error).replace("company's address", "company's sign-in address")


def cause_in(reason: str, status: int | None) -> str:
    """The same, from what was recorded of an error."""
    if status is not None and reason in _NUMBERED and status != 200:
        return _NUMBERED[Reason(reason)].format(status)
    return CAUSES.get(Reason(reason), "") if reason in list(Reason) else ""


def is_about_classes(said: str) -> bool:
    """Whether it is what a framework says, in terms of its own, of a record that is not there."""
    return _ABOUT_CLASSES.fullmatch(said) is not None
