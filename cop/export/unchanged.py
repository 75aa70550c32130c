"""Whether a folder holds just the copy that would be written now: then no page has to be made to find that out.

What was written where is kept beside `site.db`, so that nothing of it stands in the copy. Whoever deletes that waits once.
"""

import json
from pathlib import Path

import cop
from cop import files
from cop.export import manifest
from cop.export.tree import Written, size_of
from cop.signing import sha256
from cop.web.templating import BUILT_FROM

LIST = "exported.json"
MOST = 50  # folders that are remembered
MAX_BYTES = 100_000


def state_of(site_db: Path, *others: object) -> str:
    """Another text whenever other pages would be made: `site.db` was written to, the program is another, or one of `others`."""
    told = site_db.stat()
    return " ".join(map(str, (told.st_mtime_ns, told.st_size, BUILT_FROM, _program(), *others)))


def _program() -> int:
    """When something of this program was last written: whoever works on it sees what they did."""
    return max(path.stat().st_mtime_ns for path in Path(cop.__file__).parent.rglob("*.[pj][ys]"))


def told(site_db: Path, root: Path, state: str) -> Written | None:
    """What an export would tell that finds nothing to write; None if there may be something."""
    try:
        listed = (root / manifest.NAME).read_bytes()
    except OSError:
        return None
    if _read(site_db).get(str(root.resolve())) != _mark(state, listed):
        return None
    held = manifest.read(listed)
    if any(size_of(root / name) != one.size for name, one in held.items()):
        return None
    return Written(files=len(held), bytes=sum(one.size for one in held.values()))


def remember(site_db: Path, root: Path, state: str) -> None:
    """Note that the folder holds what an export gave in this state."""
    kept = _read(site_db)
    kept.pop(str(root.resolve()), None)
    kept[str(root.resolve())] = _mark(state, (root / manifest.NAME).read_bytes())
    files.replace(site_db.with_name(LIST), json.dumps(dict(list(kept.items())[-MOST:]), indent=1).encode())


def _mark(state: str, listed: bytes) -> str:
    return sha256(state.encode() + b"\0" + listed).hex()


def _read(site_db: Path) -> dict[str, str]:
    path = site_db.with_name(LIST)
    try:
        kept = json.loads(path.read_bytes()) if path.stat().st_size <= MAX_BYTES else {}
    except (OSError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}
