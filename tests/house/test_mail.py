"""Mails are sent to the server that EMAIL_URL names, in its way, by any version of Django."""

import base64
import socket
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.mail import EmailMessage

from adminpanel import mail
from tests.fixtures.mailing import send_mails_to


class Dialogue(socketserver.StreamRequestHandler):
    """Enough SMTP to be sent a mail, without encryption."""

    server: "MailServer"

    def handle(self) -> None:
        self.wfile.write(b"220 ready\r\n")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)
            self.wfile.write(self.answer(line.split()[0].upper()).encode() + b"\r\n")

    def answer(self, command: str) -> str:
        if command == "DATA":
            self.wfile.write(b"354 go on\r\n")
            while (line := self.rfile.readline()) != b".\r\n":
                self.server.mail.append(line.decode().strip())
        return {"EHLO": "250-here\r\n250 AUTH PLAIN", "AUTH": "235 yes"}.get(command, "250 yes")


class MailServer(socketserver.ThreadingTCPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Dialogue)
        self.at = f"127.0.0.1:{self.server_address[1]}"
        self.heard: list[str] = []
        self.mail: list[str] = []


@pytest.fixture
def server() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def send() -> None:
    EmailMessage("Hello", "Good morning.", None, ["nina@panel.example"]).send()


def test_a_mail_reaches_the_server_under_its_account(
    server: MailServer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    send_mails_to(f"smtp://panel:a%20word@{server.at}", settings, monkeypatch)
    send()
    account = base64.b64encode(b"\0panel\0a word").decode()
    assert server.heard[1] == f"AUTH PLAIN {account}"
    # In capitals or not: that is up to the version of Python.
    assert [line.lower() for line in server.heard[2:4]] == [
        "mail from:<panel@panel.example>",
        "rcpt to:<nina@panel.example>",
    ]
    assert (server.mail[-1], "Subject: Hello" in server.mail) == ("Good morning.", True)


# Django leaves a connection that came to nothing to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")
@pytest.mark.parametrize("scheme", ["smtp+tls", "smtps"])
def test_where_encryption_is_asked_for_nothing_is_sent_without(
    server: MailServer, settings: Any, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    send_mails_to(f"{scheme}://panel:word@{server.at}", settings, monkeypatch)
    with pytest.raises(OSError, match=r"STARTTLS|SSL"):
        send()
    assert {line.split()[0].lower() for line in server.heard} <= {"ehlo", "quit"}


def test_a_server_that_says_nothing_is_given_up(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        send_mails_to(f"smtp://127.0.0.1:{silent.getsockname()[1]}", settings, monkeypatch)
        with pytest.raises(OSError, match="timed out"):
            send()


def test_without_a_mail_server_mails_are_dropped(
    settings: Any, monkeypatch: pytest.MonkeyPatch, mailoutbox: list[EmailMessage]
) -> None:
    send_mails_to("", settings, monkeypatch)
    send()
    assert mailoutbox == []
