"""Context of every page: what this deployment asks of people who sign in."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from pools.accounts.single_sign_on_settings import PROVIDER_ID


def signing_in(request: HttpRequest) -> dict[str, Any]:
    sign_on = settings.SINGLE_SIGN_ON
    return {
        "provider_name": sign_on.name if sign_on else "",
        "provider_id": PROVIDER_ID,
        "can_mail": settings.EMAIL_CONFIGURED,
        "second_factor_required": settings.SECOND_FACTOR_REQUIRED,
    }
