"""Things that stand on the line between two places: they cut it, answer in the place of a partner, or do what a test says."""

import re
import socket
import threading
from collections.abc import Callable
from typing import Any


class Between:
    """Something on loopback that stands between two places: `handle` gets each connection."""

    def __init__(self, handle: Callable[[socket.socket], None]) -> None:
        self.handle = handle
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=[connection], daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.handle(connection)
            except OSError:
                return

    def __enter__(self) -> "Between":
        return self

    def __exit__(self, *_: object) -> None:
        self.listening.close()


def cutting(address: str, after: list[int]) -> Callable[[socket.socket], None]:
    """A proxy that closes both ends once `after[0]` bytes of answers have gone by."""
    host, port = address.removeprefix("http://").split(":")

    def handle(client: socket.socket) -> None:
        with socket.create_connection((host, int(port))) as server:
            threading.Thread(target=_copy, args=[client, server], daemon=True).start()
            while data := server.recv(65536):
                room, after[0] = after[0], after[0] - len(data)
                client.sendall(data[: max(room, 0)])
                if after[0] <= 0:
                    client.shutdown(socket.SHUT_RDWR)
                    return

    return handle


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


def answering(content: bytes, content_type: str = "text/html", status_line: str = "200 OK") -> Any:
    """A server that answers everything with the same page, as guest networks do."""
    head = f"HTTP/1.1 {status_line}\r\nContent-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"

    def handle(client: socket.socket) -> None:
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        length = re.search(rb"(?i)content-length: (\d+)", data)
        body = data.split(b"\r\n\r\n", 1)[1]
        while length and len(body) < int(length.group(1)):
            body += client.recv(65536)
        client.sendall(head.encode() + content)
        client.shutdown(socket.SHUT_RDWR)

    return handle
