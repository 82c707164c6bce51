"""Addresses for programs: each asks for a token of its own, as a bearer's."""

import hmac

from django.http import Http404, HttpRequest, HttpResponse

from pools.secret import Secret


def refusal_of(request: HttpRequest, expected: Secret | None, name: str) -> HttpResponse | None:
    """What answers a request without the token of the setting `name`; None: it may go on.

    Without that setting there is no such address.
    """
    if expected is None:
        raise Http404
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # In constant time.
    same = hmac.compare_digest(token.strip().encode(), expected.reveal().encode())
    if same and scheme.lower() == "bearer":
        return None
    words = f"This address needs {name} as a bearer token.\n"
    refusal = HttpResponse(words, "text/plain", status=401)
    refusal["WWW-Authenticate"] = f'Bearer realm="{name.removesuffix("_TOKEN").lower()}"'
    return refusal
