"""Receivers of notifications on this machine, as strict as real ones: Slack, PagerDuty, a webhook, a mail server."""

import base64
import json
import re
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

USER, PASSWORD = "signalfire", "p"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
_SLACK_LINK = re.compile(r"<https?://[^\s<>|]+\|[A-Z][a-z]+>")


@dataclass
class Notification:
    """What came, when (seconds of time.time), by which path or to whom, and its parts. `faults`: why it is refused."""

    at: float
    way: str
    title: str
    body: dict[str, Any]
    faults: list[str] = field(default_factory=list)
    mail: EmailMessage | None = None
    user: str = ""
    """Who has sent the mail, where it came encrypted."""


@dataclass
class Receivers:
    url: str = ""
    smarthost: str = ""
    encrypted: str = ""
    """A mail server that takes mail by STARTTLS alone, from USER with PASSWORD."""
    got: list[Notification] = field(default_factory=list)

    def about(self, text: str) -> list[Notification]:
        """Those in which the text stands, oldest first."""
        return [one for one in self.got if text in one.title or text in json.dumps(one.body)]


@contextmanager
def receivers(certificate: Path | None = None) -> Iterator[Receivers]:
    """`certificate`: of the mail server that encrypts, and its key, in one file; without it there is none.

    They answer at `url`/slack, /pagerduty and /webhook (with anything behind it); /broken always answers 500."""
    found = Receivers()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _http_handler(found))
    smtp = _SmtpServer(("127.0.0.1", 0), _smtp_handler(found))
    found.url = f"http://127.0.0.1:{http.server_port}"
    found.smarthost = f"127.0.0.1:{smtp.server_address[1]}"
    servers: list[socketserver.TCPServer] = [http, smtp]
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        servers.append(_SmtpServer(("127.0.0.1", 0), _encrypted_smtp_handler(found, tls)))
        found.encrypted = f"127.0.0.1:{servers[-1].server_address[1]}"
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield found
    finally:
        for server in servers:
            server.shutdown()


def _http_handler(found: Receivers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            body = json.loads(raw)
            way = self.path.strip("/")
            if way.startswith("slack"):
                title, faults, status, answer = body["attachments"][0]["title"], slack_faults(raw), 200, "ok"
            elif way.startswith("pagerduty"):
                title, faults, status = body["payload"]["summary"], pagerduty_faults(raw), 202
                answer = '{"status": "success", "message": "Event processed"}'
            else:
                title, faults, status, answer = body["groupKey"], [], 200, ""
            if way.startswith("broken"):
                status = 500
            found.got.append(Notification(time.time(), way, title, body, faults))
            self.send_response(400 if faults else status)
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def slack_faults(raw: bytes) -> list[str]:
    """What Slack would not take, and what would look like something else than it is."""
    body = json.loads(raw)
    [attachment] = body["attachments"]
    text, title = attachment["text"], attachment["title"]
    wrong = {
        "larger than 16 KB": len(raw) > 16_000,
        "an endless title": len(title) > 300,
        "an endless text": not 0 < len(text) <= 8000,
        "unknown fields": bool(body.keys() - {"channel", "username", "attachments"}),
        "no colour": not re.fullmatch(r"#[0-9a-f]{6}", attachment["color"]),
        "no link": not re.fullmatch(r"(https?://\S+)?", attachment.get("title_link", "")),
        "markup in the title": bool(re.search(r"[<>]|&(?!(amp|lt|gt);)", title)),
        "markup in the text": bool(re.search(r"[<>]|&(?!(amp|lt|gt);)", _SLACK_LINK.sub("", text))),
        "it calls people": bool(re.search(r"@(here|channel|everyone|all)", title + text)),
        "lines in the title": "\n" in title,
    }
    return [what for what, holds in wrong.items() if holds]


def pagerduty_faults(raw: bytes) -> list[str]:
    """What the Events API v2 refuses."""
    body = json.loads(raw)
    payload = body["payload"]
    wrong = {
        "larger than 512 KB": len(raw) > 512_000,
        "another key": body["routing_key"] != ROUTING_KEY,
        "another action": body["event_action"] not in ("trigger", "resolve"),
        "no key of the group": not 0 < len(body["dedup_key"]) <= 255,
        "no summary": not 0 < len(payload["summary"]) <= 1024,
        "no source": not payload["source"],
        "another severity": payload["severity"] not in ("critical", "error", "warning", "info"),
        "a link without text": not all(link["href"] and link["text"] for link in body["links"]),
        "a link elsewhere": not all(re.fullmatch(r"https?://\S+", link["href"]) for link in body["links"]),
        "details were removed": "error" in payload.get("custom_details", {}),
    }
    return [what for what, holds in wrong.items() if holds]


def _smtp_handler(found: Receivers) -> type["_Smtp"]:
    return type("Handler", (_Smtp,), {"found": found})


def _encrypted_smtp_handler(found: Receivers, tls: ssl.SSLContext) -> type["_Smtp"]:
    return type("Handler", (_EncryptedSmtp,), {"found": found, "tls": tls})


class _SmtpServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate hangs up."""


class _Smtp(socketserver.StreamRequestHandler):
    """As much of SMTP as a client speaks that sends one mail."""

    found: ClassVar[Receivers]
    user = ""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word, *rest = line.split()
            if word.upper() == "QUIT":
                self._say("221 bye")
                return
            self.answer(word.upper(), rest)

    def answer(self, word: str, rest: list[str]) -> None:
        if word == "EHLO":
            self._say("250-here", "250-8BITMIME", "250 AUTH PLAIN")
        elif word == "DATA":
            self._say("354 go on")
            self._take()
            self._say("250 taken")
        else:
            self._say("235 welcome" if word == "AUTH" else "250 fine")

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _take(self) -> None:
        raw = b""
        while (line := self.rfile.readline()) != b".\r\n":
            raw += line.removeprefix(b".")
        mail = message_from_bytes(raw, policy=policy.default)
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        self.found.got.append(
            Notification(time.time(), f"mail {mail['To']}", mail["Subject"], parts, mail=mail, user=self.user)
        )


class _EncryptedSmtp(_Smtp):
    """Takes nothing unencrypted, and mail of USER alone."""

    tls: ClassVar[ssl.SSLContext]

    def answer(self, word: str, rest: list[str]) -> None:
        encrypted = isinstance(self.connection, ssl.SSLSocket)
        if word == "EHLO":
            self._say("250-here", "250 AUTH PLAIN" if encrypted else "250 STARTTLS")
        elif word == "STARTTLS":
            self._say("220 go on")
            self.request = self.tls.wrap_socket(self.connection, server_side=True)
            self.setup()
        elif word == "AUTH" and encrypted:
            user, password = base64.b64decode(rest[1]).decode().split("\0")[1:]
            self.user = user if (user, password) == (USER, PASSWORD) else ""
            self._say("235 welcome" if self.user else "535 no")
        elif self.user:
            super().answer(word, rest)
        else:
            self._say("530 not like this")
