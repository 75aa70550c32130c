"""Firefox without a window, for tests that look at pages in it.

The Firefox of Debian is neither one that Playwright has patched nor new enough for its newer protocol. So this speaks
the one that every Firefox has inside, which is as small as this: https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = "firefox-esr"
PATIENCE_SECONDS = 30
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key of an element, in the standard WebDriver
_QUIET = {
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 1,  # through one that is not there: no page of a copy needs a network
    "network.proxy.socks": "127.0.0.1",
    "network.proxy.socks_port": 9,
}


class Firefox:
    """A window of it."""

    def __init__(self, connection: socket.socket) -> None:
        self._out, self._in, self._sent = connection, connection.makefile("rb"), 0
        self._read()  # it says hello
        self._call("WebDriver:NewSession", {"capabilities": {"timeouts": {"script": 1000 * PATIENCE_SECONDS}}})

    def _read(self) -> Any:
        length = b""
        while (digit := self._in.read(1)) != b":":
            assert digit, "Firefox is gone"
            length += digit
        return json.loads(self._in.read(int(length)))

    def _call(self, name: str, told: dict[str, Any]) -> Any:
        self._sent += 1
        message = json.dumps([0, self._sent, name, told]).encode()
        self._out.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self._read()
        assert number == self._sent and not error, error
        return result

    def open(self, address: str) -> None:
        """Go to a page and wait until all of it is there."""
        self._call("WebDriver:Navigate", {"url": address})

    def back(self) -> None:
        """The way back."""
        self._call("WebDriver:Back", {})

    @property
    def address(self) -> str:
        """Where it is."""
        return str(self._call("WebDriver:GetCurrentURL", {})["value"])

    def run(self, function: str, *values: Any) -> Any:
        """What an asynchronous function of the page gives."""
        script = f"const done = [...arguments].pop(); ({function})(...arguments).then(done, error => done(`failed: ${{error}}`))"
        return self._call("WebDriver:ExecuteAsyncScript", {"script": script, "args": list(values), "sandbox": None})[
            "value"
        ]

    def texts(self, selector: str) -> list[str]:
        """The texts that one sees in all elements of that kind, also where no script may run."""
        found = self._call("WebDriver:FindElements", {"using": "css selector", "value": selector})
        return [str(self._call("WebDriver:GetElementText", {"id": one[ELEMENT]})["value"]) for one in found]

    def wait_for(self, selector: str) -> list[str]:
        """The same, once there are some."""
        until = time.monotonic() + PATIENCE_SECONDS
        while not (found := self.texts(selector)):
            assert time.monotonic() < until, f"no {selector} on {self.address}"
            time.sleep(0.02)
        return found

    def click(self, selector: str, at: int = 0) -> None:
        """Click on one of them."""
        self._call("WebDriver:ElementClick", {"id": self._element(selector, at)})

    def type(self, selector: str, text: str) -> None:
        """Type into the first of them."""
        self._call("WebDriver:ElementSendKeys", {"id": self._element(selector, 0), "text": text})

    def _element(self, selector: str, at: int) -> str:
        return str(self._call("WebDriver:FindElements", {"using": "css selector", "value": selector})[at][ELEMENT])


@contextmanager
def firefox(profile: Path, *, scripts: bool = True) -> Iterator[Firefox]:
    """A Firefox that knows nothing yet, ended in the end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {**_QUIET, "marionette.port": port, "javascript.enabled": scripts}
    profile.mkdir()
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in settings.items()]
    (profile / "user.js").write_text("".join(lines), "utf-8")
    command = [PROGRAM, "--headless", "--no-remote", "--marionette", "--profile", str(profile)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        with _connected(started, port) as connection:
            yield Firefox(connection)
    finally:
        started.terminate()
        started.wait(PATIENCE_SECONDS)


def _connected(started: subprocess.Popen[bytes], port: int) -> socket.socket:
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        assert started.poll() is None and time.monotonic() < until, "Firefox did not start"
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        except OSError:
            time.sleep(0.05)
