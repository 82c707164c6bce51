"""Verifying what is new on the ledger, for auditors."""

from typing import Final

from django.contrib import messages
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from pools.ledger.verifying import TooMuch, verify_new
from pools.pages.actors import actor_of
from pools.pages.guards import needs, person
from pools.people.roles import VERIFY_LEDGER
from pools.views.account import safe_next
from pools.wording import verifying as wording
from pools.wording.database import nothing_saved

# A page waits for so many entries: some seconds at most.
MOST_NEW: Final = 50_000


@needs(VERIFY_LEDGER)
@require_POST
def ledger_verify(request: HttpRequest) -> HttpResponse:
    """Walks along what was added since the last walk, and says what it found."""
    try:
        found = verify_new(actor_of(request, person(request)), MOST_NEW)
    except TooMuch:
        messages.warning(request, wording.too_much(MOST_NEW))
    except DatabaseError as error:
        messages.error(request, nothing_saved(error))
    else:
        level = messages.ERROR if found.findings else messages.SUCCESS
        messages.add_message(request, level, wording.after_verifying(found))
    return redirect(safe_next(request, reverse("pools:change_list")))
