"""A mail server on this machine that keeps what it takes.

Belongs here: just enough of SMTP (RFC 5321) to hand over a message, and ways to fail. Does not belong here: what is expected of it.
"""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailStub:
    """`taken`: the messages in order. `answers`: what the next senders are told. `n_hang_ups`: how often it hangs up on data."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answers: list[str] = []
        self.n_hang_ups = 0
        self.port = 0

    @contextmanager
    def serving(self) -> Iterator[MailStub]:
        """The server, while it listens."""
        stub = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                self.say("220 stub")
                for line in iter(self.rfile.readline, b""):
                    word = line[:4].upper().strip()
                    if word == b"DATA":
                        self.say("354 go on")
                        if not self.take():
                            return
                    elif word == b"MAIL" and stub.answers:
                        self.say(stub.answers.pop(0))
                    else:
                        self.say("221 bye" if word == b"QUIT" else "250 ok")

            def take(self) -> bool:
                data = b"".join(iter(self.rfile.readline, b".\r\n"))
                stub.taken.append(message_from_bytes(data, policy=policy.default))
                if stub.n_hang_ups:
                    stub.n_hang_ups -= 1
                    return False
                self.say("250 taken")
                return True

            def say(self, text: str) -> None:
                self.wfile.write(text.encode() + b"\r\n")

        with socketserver.TCPServer(("127.0.0.1", 0), Talk) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
