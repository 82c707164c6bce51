"""Where a request may lead: within this panel, never to another host or scheme."""

from urllib.parse import urlencode

from django.utils.encoding import iri_to_uri
from django.utils.http import MAX_URL_REDIRECT_LENGTH, url_has_allowed_host_and_scheme


def is_own_path(url: str | None) -> bool:
    """Whether `url` is a path of this panel, safe and short enough to redirect to."""
    if not url or not url.startswith("/") or len(iri_to_uri(url)) > MAX_URL_REDIRECT_LENGTH:
        return False
    # The query leads nowhere, and with a search in it Django finds an address too long.
    path = url.partition("?")[0]
    return url_has_allowed_host_and_scheme(path, allowed_hosts=None, require_https=True)


def leading_back(path: str, page: str) -> str:
    """The address of `page` with a `next` that leads back: to `path`, or without its query.

    What is longer than Django redirects to would be refused.
    """
    whole = f"{page}?{urlencode({'next': path}, safe='/')}"
    if len(whole) <= MAX_URL_REDIRECT_LENGTH:
        return whole
    return f"{page}?{urlencode({'next': path.partition('?')[0]}, safe='/')}"
