"""What is said to someone whose form did not get through, and when they are back at it."""

from typing import Final

ENTRIES_KEPT: Final = (
    "Nothing has been sent yet. Your entries are still here: check them, then send the form again."
)
ENTRIES_ELSEWHERE: Final = (
    "We didn't fill in what you typed here earlier. The company's address has changed since, or "
    "Patchworks was restored from a backup, so this may be another pool. Nothing was changed."
)
ENTRIES_LOST: Final = (
    "We couldn't keep what you typed here earlier. Nothing of it was sent: please type it again."
)
OUT_OF_DATE: Final = "Nothing was done: that page was out of date. Please try again."
SIGNED_OUT: Final = "You were signed out, so nothing was done. Sign in and try again."
SIGNED_OUT_KEPT: Final = "You were signed out before this was sent. Sign in: we kept your entries."


def already_signed_in(username: str) -> str:
    """At a sign-in page that was still open when somebody signed in in another window."""
    return f"You're already signed in as {username}. To sign in as somebody else, sign out first."
