"""Serves git repositories over smart HTTP on this machine: `git http-backend` and as little around it as possible.

python benchmarks/git_server.py FOLDER      says its port, then serves what lies in the folder
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Runs git for each request (RFC 3875), and keeps the line open for the next."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # headers and a short answer in one packet

    def do_GET(self) -> None:
        """Ask git."""
        self._answer(b"")

    def do_POST(self) -> None:
        """Hand what came to git."""
        self._answer(self._body())

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return b"".join(self._chunks())
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _answer(self, body: bytes) -> None:
        git = subprocess.Popen(
            ["git", "http-backend"], env=self._environment(body), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        out, _ = git.communicate(body)
        head, _, content = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n"))
        self.send_response_only(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _environment(self, body: bytes) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        asked = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        return {
            **os.environ, **asked, "GIT_PROJECT_ROOT": sys.argv[1], "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }  # fmt: skip

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    """Serve until stopped."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"Serving on port {server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
