"""A chat endpoint on this machine that records what it receives, and a fast labeller that needs no model."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from winback.reasons.labeller import NoteLabel
from winback.reasons.taxonomy import LEAF_CODES

Reply = tuple[int, dict[str, str], bytes]
Script = Callable[[str, int], Reply]


def said(code: str, quote: str, confidence: float = 0.9, secondary: Sequence[tuple[str, str]] = ()) -> str:
    further = [{"code": c, "quote": q} for c, q in secondary]
    return json.dumps({"code": code, "confidence": confidence, "quote": quote, "secondary": further}, ensure_ascii=False)


def reply(content: Any) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps({"choices": [{"message": {"content": content}}]}).encode()


class StubServer:
    """`script(note, n)` makes the reply to the nth request (from 1); requests are kept in order of arrival."""

    def __init__(self, script: Script) -> None:
        self.script, self.requests, self.notes, self.headers = script, [], [], []
        self._lock = threading.Lock()
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                body = json.loads(raw)
                note = json.loads(body["messages"][1]["content"])["note"]
                with stub._lock:
                    stub.requests.append((self.path, raw.decode(), body))
                    stub.headers.append(dict(self.headers))
                    stub.notes.append(note)
                    n = len(stub.notes)
                status, headers, answer = stub.script(note, n)
                try:
                    self.send_response(status)
                    for name, value in ({"Content-Length": str(len(answer))} | headers).items():
                        self.send_header(name, value)
                    self.end_headers()
                    self.wfile.write(answer)
                except OSError:
                    pass  # the client gave up waiting, as a test wants

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def after(seconds: float, content: str) -> Script:
    def script(note: str, n: int) -> Reply:
        time.sleep(seconds)
        return reply(content)

    return script


class FakeFast:
    """Says `code` with `confidence` of every note and is sure of it where `is_sure`."""

    model_version = "fast-1"

    def __init__(self, code: str = "7", confidence: float = 0.4, is_sure: bool = False, language: str = "zh-Hans") -> None:
        self.code, self.confidence, self.is_sure, self.language = code, confidence, is_sure, language

    def label(self, texts: Sequence[str]) -> list[NoteLabel]:
        rest = (1 - self.confidence) / (len(LEAF_CODES) - 1)
        return [
            NoteLabel(
                code=self.code,
                confidence=self.confidence,
                is_abstained=not self.is_sure,
                primary_code=self.code if self.is_sure else None,
                runner_up=next(c for c in LEAF_CODES if c != self.code),
                evidence="",
                start=0,
                end=0,
                secondary=(),
                secondary_evidence=(),
                language=self.language,
                mentions=(),
                bears_prob=1.0,
                probabilities=tuple(self.confidence if c == self.code else rest for c in LEAF_CODES),
                model_version=self.model_version,
                taxonomy_version="1.0.0",
            )
            for _ in texts
        ]
