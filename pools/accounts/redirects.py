"""Where a request may lead: within this panel, never to another host or scheme."""

from django.utils.http import url_has_allowed_host_and_scheme


def is_own_path(url: str | None) -> bool:
    """Whether `url` is a path of this panel, safe to redirect to."""
    return bool(
        url
        and url.startswith("/")
        and url_has_allowed_host_and_scheme(url, allowed_hosts=None, require_https=True)
    )
