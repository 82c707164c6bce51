"""What is said to administrators and to people who join, and the mails."""

from datetime import UTC, datetime

import pytest

from pools.ledger.appending import LedgerUnwritable
from pools.people.acts import NotAllowed, Refusal
from pools.people.user_names import NameHolder, NameTaken
from pools.wording import mails, people


@pytest.mark.parametrize(
    "error",
    [
        *(NotAllowed(refusal) for refusal in Refusal),
        *(NameTaken(holder) for holder in NameHolder),
        LedgerUnwritable(),
    ],
    ids=str,
)
def test_every_refusal_has_a_sentence(
    error: NotAllowed | NameTaken | LedgerUnwritable,
) -> None:
    assert people.refused(error).endswith(".")


def test_an_invitation_by_mail() -> None:
    mail = mails.invitation(
        name="Support operator",
        username="operator",
        inviter="admin",
        link="https://panel.example/join/#code",
        until=datetime(2026, 5, 1, 10, 0, tzinfo=UTC),
    )
    assert mail.subject == "Your invitation to Pools Panel"
    assert mail.text == (
        "Hello Support operator,\n\n"
        "admin has invited you to Pools Panel. Your user name is operator.\n\n"
        "Choose a password and sign in here:\n\n"
        "https://panel.example/join/#code\n\n"
        "The link works once, until 1 May 2026 10:00 UTC.\n"
        "If you weren't expecting this, you can ignore this e-mail.\n"
    )


def test_a_new_password_by_mail() -> None:
    mail = mails.new_password(
        name="Support operator",
        username="operator",
        link="https://panel.example/new/#code",
        until=datetime(2026, 5, 1, 10, 0, tzinfo=UTC),
    )
    assert mail.subject == "A new password for Pools Panel"
    assert mail.text.splitlines()[2:8] == [
        "Someone, probably you, asked Pools Panel for a new password for the user name operator.",
        "Choose one here:",
        "",
        "https://panel.example/new/#code",
        "",
        "The link works once, until 1 May 2026 10:00 UTC.",
    ]
