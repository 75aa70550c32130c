"""What pages are called as files, so that any stick, phone or computer takes the names. Pure."""

import hashlib
import re
import unicodedata
from functools import lru_cache
from urllib.parse import parse_qsl, unquote

MAX_LETTERS = 60  # of one part; with its folders and endings a name stays below what FAT32 and Windows take
_PLAIN = re.compile(r"[^\W_](?:[\w.-]*\w)?")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)[0-9¹²³])(?:\..*)?")  # of Windows, whatever their ending
_STRANGE = re.compile(r"[^\w-]+")


@lru_cache(maxsize=65536)
def part(text: str) -> str:
    """One part of a name. What some file system does not take, or takes for another name, gets a hash.

    >>> part("peer-research"), part("Peer research?"), part("con")
    ('peer-research', 'peer-research~689d9147', 'con~1143da2b')
    """
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold())
    if text == folded and len(text) <= MAX_LETTERS and _PLAIN.fullmatch(text) and not _RESERVED.fullmatch(text):
        return text
    readable = _STRANGE.sub("-", folded)[: MAX_LETTERS // 2].strip("-_")
    return f"{readable}~{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def file_of(path: str, query: str = "", ending: str = ".html") -> str:
    """The file for an address, in the same depth of folders, so that links keep their way up.

    >>> file_of("/"), file_of("/resources/a%20b"), file_of("/resources/power/history")
    ('index.html', 'resources/a-b~c8687a08.html', 'resources/power/history.html')
    >>> file_of("/resources", "topic=power&page=2"), file_of("/topics/power/feed", ending=".atom")
    ('resources--topic-power--page-2.html', 'topics/power/feed.atom')
    """
    parts = [part(unquote(one)) for one in path.strip("/").split("/")] if path != "/" else ["index"]
    asked = "".join(f"--{part(name)}-{part(value)}" for name, value in parse_qsl(query, keep_blank_values=True))
    if len(asked) > MAX_LETTERS:
        asked = f"--{part(asked)}"
    return "/".join(parts) + asked + ending
