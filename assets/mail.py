"""Handing a message to a mail server.

Belongs here: the connection, its encryption and log-in, and trying again. Does not belong here: what is sent to whom
(`assets.alerts`, `assets.list_mails`).

Nothing goes unencrypted to another machine. What failed is told without addresses and without the server's words, which may name
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage

from winback.config import AlertSettings, DeliverySettings

TIMEOUT_SECONDS = 20.0
WAITS_SECONDS = (2.0, 10.0)
"""Waits before the second and the third attempt."""


@dataclass(frozen=True)
class MailServer:
    """A mail server and how to log in; without a user nobody logs in. `password_variable` is named where log-in is refused."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    password_variable: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a message is not known to be sent. `is_unsure`: the connection broke when the server may have taken it already."""

    text: str
    is_passing: bool = False
    is_unsure: bool = False


def mail_server(settings: AlertSettings | DeliverySettings, secrets: Mapping[str, str]) -> MailServer:
    """The server that the settings name, with its password from where secrets are looked up."""
    variable = settings.smtp_password_variable
    return MailServer(settings.smtp_host, settings.smtp_port, settings.smtp_user, secrets.get(variable, ""), variable)


def send_mail(server: MailServer, mail: EmailMessage, sleep: Callable[[float], None] = time.sleep) -> Problem | None:
    """Hand over one message; None once the server has taken it.

    What may pass (no connection, a refusal for now) is tried again after WAITS_SECONDS; never what may have been taken.
    """
    for wait in (*WAITS_SECONDS, None):
        problem = _attempt(server, mail)
        if problem is None or not problem.is_passing or wait is None:
            return problem
        sleep(wait)
    raise AssertionError("the last attempt returns")


def _attempt(server: MailServer, mail: EmailMessage) -> Problem | None:
    import smtplib
    import ssl

    try:
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
    except (OSError, smtplib.SMTPException) as error:
        return Problem(f"not sent ({type(error).__name__})", is_passing=True)
    is_handed_over = False
    try:
        if server.host not in ("localhost", "127.0.0.1"):
            connection.starttls(context=ssl.create_default_context())
        if server.user:
            connection.login(server.user, server.password)
        is_handed_over = True
        connection.send_message(mail)
    except smtplib.SMTPAuthenticationError:
        return Problem(f"log-in refused; is {server.password_variable} set?")
    except smtplib.SMTPRecipientsRefused as error:
        return _refusal(min(code for code, _ in error.recipients.values()))
    except smtplib.SMTPResponseException as error:
        return _refusal(error.smtp_code)
    except (smtplib.SMTPNotSupportedError, ssl.SSLCertVerificationError) as error:
        return Problem(f"not sent ({type(error).__name__})")
    except (OSError, smtplib.SMTPException) as error:
        return Problem(f"not sent ({type(error).__name__})", is_passing=not is_handed_over, is_unsure=is_handed_over)
    finally:
        connection.close()
    return None


def _refusal(code: int) -> Problem:
    return Problem(f"refused with status {code}", is_passing=400 <= code < 500)
