"""Who is asking, as the ledger names them."""

from dataclasses import replace

from django.contrib.auth.models import User
from django.http import HttpRequest

from pools.ledger.appending import NOBODY, Actor
from pools.people.acts import actor_for


def actor_of(request: HttpRequest, user: User | None) -> Actor:
    """`user` as the author of this request; None is somebody whom nobody here knows.

    A name that was typed and that nobody has is never an actor's: it may be a password.
    """
    address = address_of(request)
    if user is None:
        return replace(NOBODY, address=address)
    return actor_for(user, address)


def address_of(request: HttpRequest) -> str:
    """The visitor's address, as ClientAddressMiddleware found it; "" on a local socket."""
    address: str = request.META.get("REMOTE_ADDR", "")
    return address
