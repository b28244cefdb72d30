"""A Chromium without a window, worked over its own debugging protocol.

Belongs here: opening pages, waiting for what they show, running script in them, pictures. Does not belong here: what is on a page.
"""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1500,1050", "--remote-debugging-port=0",
)  # fmt: skip
_LOOK_SECONDS = 0.5


class Page:
    """One tab. `wait_for` and `text` look at what a reader sees."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers = socket, itertools.count(1)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command of the protocol and return its result; events on the way are passed over."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=120))
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer)
                return answer["result"]

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def run(self, script: str) -> Any:
        """The value of an expression in the page, awaited if it is a promise."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def text(self) -> str:
        """What can be read on the page."""
        return str(self.run("document.body ? document.body.innerText : ''"))

    def wait_for(self, *words: str, seconds: float = 180) -> str:
        """The page's text once it holds all `words`."""
        last = time.monotonic() + seconds
        while True:
            text = self.text()
            missing = [word for word in words if word not in text]
            if not missing:
                return text
            assert time.monotonic() < last, f"{missing} not on the page:\n{text[:3000]}"
            time.sleep(_LOOK_SECONDS)

    def click(self, words: str) -> None:
        """Click the first button, link or tab whose text is `words`."""
        script = """(words) => {
          const all = Array.from(document.querySelectorAll("button, a, [role=tab], [role=menuitem], [role=button]"));
          const found = all.find((e) => e.innerText.trim() === words && !e.disabled);
          if (found) { found.click(); }
          return Boolean(found);
        }"""
        last = time.monotonic() + 120
        while not self.run(f"({script})({json.dumps(words)})"):
            assert time.monotonic() < last, f"nothing to click says '{words}':\n{self.text()[:3000]}"
            time.sleep(_LOOK_SECONDS)

    def picture(self, path: Path) -> None:
        """Keep what the window shows as a PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A page in a Chromium of its own, which reaches this machine's loopback addresses only."""
    from websockets.sync.client import connect

    command = [str(CHROMIUM), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        port = _port(profile / "DevToolsActivePort", process)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=60) as answer:
            tabs = json.loads(answer.read())
        address = next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
        with connect(address, max_size=None, proxy=None) as socket:
            yield Page(socket)
    finally:
        process.terminate()
        process.wait(timeout=60)


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    last = time.monotonic() + 120
    while not (file.is_file() and file.read_text().strip()):
        assert process.poll() is None and time.monotonic() < last, "Chromium did not start"
        time.sleep(_LOOK_SECONDS)
    return int(file.read_text().split()[0])
