"""One question to an OpenAI-compatible chat endpoint over HTTP.

Belongs here: sending, retrying, limits of time and size, keeping the key out of sight. Does not belong here: what is asked
(`chat_request`), what the reply means (`chat_answer`), when to stop asking (`chat_labeller`).
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from winback.config import ChatSettings
from winback.endpoints import endpoint_problem
from winback.errors import UsageError
from winback.reasons.chat_outcome import Cause, NoAnswerError
from winback.reasons.chat_request import request_body

if TYPE_CHECKING:
    from requests import RequestException, Response, Session

N_PARALLEL = 4
MAX_REPLY_BYTES = 256 * 1024
MAX_READ_RETRIES = 1
"""A question that timed out may have been answered and charged: it is put once more at most."""
BACKOFF_SECONDS = 0.5
MAX_WAIT_SECONDS = 20
_RETRIED = frozenset({429, 500, 502, 503, 504})
_OK, _RATE_LIMITED = 200, 429
_PATH = "/chat/completions"


class ChatClient:
    """Asks one endpoint with one key; may be used from `N_PARALLEL` threads.

    The environment is not read (no proxies, no netrc), redirects are not followed, certificates are verified. Nothing the
    endpoint says on failure is kept. Raises UsageError for an address or a key that cannot be used, without repeating them.
    """

    def __init__(self, settings: ChatSettings, key: str) -> None:
        if problem := endpoint_problem(settings.url):
            raise UsageError(f"chat_labeller.url: {problem}")
        if not all("!" <= c <= "~" for c in key):
            raise UsageError(
                f"the key in {settings.api_key_variable} holds blanks or characters that no key has; set it anew"
            )
        base = settings.url.rstrip("/")
        self._url = base if base.endswith(_PATH) else base + _PATH
        self._model, self._timeout_seconds = settings.model, settings.timeout_seconds
        self._session = _session(settings.max_retries, key)

    def ask(self, masked_note: str) -> str:
        """What the model says to one note. Raises NoAnswerError with the cause where there is no such thing."""
        from requests import RequestException
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        try:
            with self._session.post(
                self._url,
                json=request_body(self._model, masked_note),
                timeout=self._timeout_seconds,
                allow_redirects=False,
                stream=True,
            ) as response:
                if response.status_code != _OK:
                    raise NoAnswerError(_cause_of_status(response.status_code))
                return _content(self._read(response))
        except RequestException as error:
            raise NoAnswerError(_cause_of(error)) from None
        except ReadTimeoutError:
            raise NoAnswerError(Cause.TIMED_OUT) from None
        except HTTPError:
            raise NoAnswerError(Cause.UNREACHABLE) from None

    def _read(self, response: Response) -> bytes:
        """The body; one that trickles on past the time limit or grows past the size limit is given up."""
        deadline = time.monotonic() + self._timeout_seconds
        body = bytearray()
        while piece := response.raw.read1(64 * 1024, decode_content=True):
            body += piece
            if len(body) > MAX_REPLY_BYTES:
                raise NoAnswerError(Cause.NO_CHAT_REPLY)
            if time.monotonic() > deadline:
                raise NoAnswerError(Cause.TIMED_OUT)
        return bytes(body)


def _session(max_retries: int, key: str) -> Session:
    from requests import Session
    from requests.adapters import HTTPAdapter
    from urllib3.util import Retry

    retry = Retry(
        total=max_retries,
        read=min(max_retries, MAX_READ_RETRIES),
        status_forcelist=_RETRIED,
        allowed_methods={"POST"},
        backoff_factor=BACKOFF_SECONDS,
        backoff_max=MAX_WAIT_SECONDS,
        retry_after_max=MAX_WAIT_SECONDS,
        redirect=0,
        raise_on_status=False,
    )
    session = Session()
    session.trust_env = False
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry, pool_maxsize=N_PARALLEL))
    if key:
        session.headers["Authorization"] = f"Bearer {key}"
    return session


def _cause_of_status(status: int) -> Cause:
    if status == _RATE_LIMITED:
        return Cause.RATE_LIMITED
    if 300 <= status < 400:
        return Cause.REDIRECTED
    return Cause.SERVER_ERROR if status >= 500 else Cause.REFUSED


def _cause_of(error: RequestException) -> Cause:
    """A timeout after retries reaches us as a connection error with the timeout inside.

    urllib3 counts a refused connection as a connect timeout, too; here it is not one.
    """
    from requests import Timeout
    from urllib3.exceptions import NewConnectionError
    from urllib3.exceptions import TimeoutError as InnerTimeoutError

    reason: Any = getattr(error.args[0], "reason", None) if error.args else None
    is_timeout = isinstance(error, Timeout) or isinstance(reason, InnerTimeoutError)
    return Cause.TIMED_OUT if is_timeout and not isinstance(reason, NewConnectionError) else Cause.UNREACHABLE


def _content(body: bytes) -> str:
    try:
        content = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise NoAnswerError(Cause.NO_CHAT_REPLY) from None
    if not isinstance(content, str):
        raise NoAnswerError(Cause.NO_CHAT_REPLY)
    return content
