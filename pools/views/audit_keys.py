"""What anybody may have to verify the record: public keys."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from pools.ledger.signed_checkpoints import public_keys
from pools.pages.guards import public

# A new key is there for minutes before most people have seen what it signed.
MAX_AGE = 300


@public
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """One a line, the newest first. Empty where the panel signs nothing."""
    text = "".join(f"{key}\n" for key in public_keys())
    answer = HttpResponse(text, "text/plain; charset=utf-8")
    answer["Cache-Control"] = f"public, max-age={MAX_AGE}"
    return answer
