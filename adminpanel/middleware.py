"""What every answer of the panel has in common."""

import ipaddress
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.shortcuts import resolve_url
from django.utils import timezone
from django.utils.cache import patch_vary_headers

from adminpanel.too_large import STATUS_KEY
from pools import zones
from pools.accounts.sessions import STARTED_AT, TOUCHED_AT
from pools.database_faults import try_to_write
from pools.pages import errors

View = Callable[[HttpRequest], HttpResponse]
METHODS = ("GET", "HEAD", "POST")
PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

# Writing the session at every request would be a database write per page.
_TOUCH_AFTER_SECONDS = 300


class ClientAddressMiddleware:
    """Makes REMOTE_ADDR the visitor's address, as the outermost trusted proxy saw it.

    Each proxy adds the address it was called from to the end of X-Forwarded-For: with n
    proxies of ours, the n-th from the end is the visitor's, and everything before it
    was written by the visitor. Without enough entries the header is not our proxies'.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies = settings.TRUSTED_PROXY_COUNT
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
        if 0 < proxies <= len(forwarded) and (address := _address(forwarded[-proxies])):
            request.META["REMOTE_ADDR"] = address
        return self.get_response(request)


def _address(text: str) -> str | None:
    """An address, with or without a port, in its usual spelling; None if it isn't one."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


class ProbesMiddleware:
    """Lets machines ask `/healthz`, `/readyz` and `/metrics` by any address that they know.

    A container's probe has an IP address, which is no name of ALLOWED_HOSTS. Nothing in
    these answers depends on the host, nor on who asks: a session that a browser sends along
    is not looked up, for it may be the database that does not answer.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in PROBES or STATUS_KEY in request.META:
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].removeprefix(".")
        if request.path in PROBES:
            request.META.pop("HTTP_COOKIE", None)
        return self.get_response(request)


class PublicAddressMiddleware:
    """Answers as the host of PUBLIC_URL, whatever a proxy in front made of it.

    Every absolute link, in a mail as on a page, every redirect and every look at where a
    form comes from is then about the address that people have. The host that came is held
    against ALLOWED_HOSTS first.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.PUBLIC_URL:
            request.get_host()
            request.META["HTTP_HOST"] = urlsplit(settings.PUBLIC_URL).netloc
        return self.get_response(request)


class ReaderZoneMiddleware:
    """Shows times in the zone that the reader chose, else in the panel's own (TIME_ZONE)."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.ZONE_COOKIE_NAME, "")
        zone = zones.zone_called(chosen) if chosen else None
        with timezone.override(zone or timezone.get_default_timezone()):
            return self.get_response(request)


class MethodsMiddleware:
    """Accepts the methods that browsers and forms use: no view answers to PUT by oversight."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in METHODS:
            return HttpResponseNotAllowed(METHODS)
        return self.get_response(request)


class OnlySentToMiddleware:
    """Says what an address is that only a form sends to, where somebody opens it.

    A link that was copied, or the way back after signing in, leads to such an address.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseNotAllowed) or request.method == "POST":
            return response
        page = errors.only_sent_to(request)
        page["Allow"] = response["Allow"]
        return page


class HeadersMiddleware:
    """What every answer says to the browser, static files too."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # But for Django's own pages about an error, while somebody works on the panel.
        if not (settings.DEBUG and response.status_code in (404, 500)):
            response["Content-Security-Policy"] = settings.CONTENT_SECURITY_POLICY
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        return response


class TooLargeMiddleware:
    """Answers what was too large to be read; see adminpanel/too_large.py."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        status = request.META.get(STATUS_KEY)
        return errors.too_large(request, status) if status else self.get_response(request)


class PrivateAnswersMiddleware:
    """Keeps pages out of shared caches and out of the back button after signing out."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "private, no-store"
        patch_vary_headers(response, ["Cookie", "HX-Request"])
        if request.method == "POST" and request.path == resolve_url("account_logout"):
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class SessionLimitsMiddleware:
    """Ends a session after idle time or a working day, and for a disabled person at once.

    Django's own backend already treats a disabled user as nobody; here their session
    goes as well, so that enabling them again does not revive it.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session, now = request.session, int(time.time())
        if "_auth_user_id" in session:
            started = session.setdefault(STARTED_AT, now)
            if not request.user.is_authenticated or (
                now - started > settings.SESSION_MAX_HOURS * 3600
            ):
                if not try_to_write("end of a session", lambda: logout(request)):
                    # While nothing can be written it stays stored, and is useless.
                    request.user = AnonymousUser()
            # A page that asks by itself is no sign of a person.
            elif "poll" not in request.GET and (
                now - session.get(TOUCHED_AT, 0) > _TOUCH_AFTER_SECONDS
            ):
                session[TOUCHED_AT] = now
        return self.get_response(request)


class HtmxRedirectMiddleware:
    """Answers HTMX with a redirect of the whole page.

    Otherwise the browser follows the redirect unseen, and a sign-in page lands in a
    table cell. On the way to sign in, `next` becomes the page the person sees, not the
    fragment that was asked for; and the answer is a 401, which a page with something typed in
    it that is not kept does not follow (see panel.js).
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx = getattr(request, "htmx", None)
        if not htmx or response.status_code not in (301, 302, 303, 307, 308):
            return response
        target = response["Location"]
        # A form that was kept comes back on a page of its own.
        kept = getattr(request, "draft_kept", False)
        signing_in = urlsplit(target).path == resolve_url(settings.LOGIN_URL) and not kept
        if signing_in and htmx.current_url_abs_path:
            query = QueryDict(mutable=True)
            query["next"] = htmx.current_url_abs_path
            target = f"{resolve_url(settings.LOGIN_URL)}?{query.urlencode()}"
        response.status_code = 401 if signing_in else 204
        response.content = b""
        del response["Location"]
        response["HX-Redirect"] = target
        return response
