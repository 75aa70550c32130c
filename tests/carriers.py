"""Ways to let places meet through files: carriers for tests, and what goes wrong with them."""

import functools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cop import identity, place
from cop.place.names import sort_out
from cop.report import PlaceReport
from cop.transports.base import FileCarrier
from cop.transports.folder import FolderCarrier
from tests.network import NOW, Place


def visit(one: Place, carrier: FileCarrier) -> PlaceReport:
    """As `cop sync`, with everybody met at this carrier."""
    from cop import partners

    met = partners.all_partners(one.db)
    try:
        return place.run(one.side, met, carrier, NOW, lambda done, of: None)
    finally:
        one.signer = identity.ensure(one.site, one.db, NOW)  # it may go on as another writer


def visit_folder(one: Place, folder: Path) -> PlaceReport:
    return visit(one, FolderCarrier(str(folder)))


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by name with "/"."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def data_files(folder: Path, kind: str = "") -> list[Path]:
    """Files of entries (e), payloads (p) and payloads that were lacking (w)."""
    listing = sort_out(dict.fromkeys(files_in(folder), 1))
    return [folder / path for name, paths in sorted(listing.files.items()) for path in paths if kind in ("", name.kind)]


@contextmanager
def web_server(folder: Path) -> Iterator[str]:
    """A plain static web server on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class LateFolder(FolderCarrier):
    """A folder as one of many readers sees it: files of others turn up late, in any order, or first as empty ones."""

    def __init__(self, folder: Path, me: Place, source: random.Random, arrived: dict[str, bool], chance: float) -> None:
        super().__init__(str(folder))
        self.me, self.source, self.arrived, self.chance = me, source, arrived, chance

    def list(self) -> dict[str, int]:
        found = {}
        for name, size in super().list().items():
            if self._is_here(name):
                found[name] = size
            elif self.source.random() < 0.3:
                found[name] = 0
        return found

    def _is_here(self, name: str) -> bool:
        if self.me.signer.public.hex()[:32] in name:
            return True
        if not self.arrived.get(name):
            self.arrived[name] = self.source.random() < self.chance
        return self.arrived[name]

    def read(self, name: str, most: int) -> bytes:
        from cop.errors import NotThere

        if not self._is_here(name):
            raise NotThere(name)
        return super().read(name, most)
