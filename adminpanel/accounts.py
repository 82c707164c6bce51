"""Who may sign up: nobody. People are made by an administrator."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's adapter with its sign-up closed."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
