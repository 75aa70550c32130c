"""The one small script of the site: it keeps the answers on a checklist in the reader's browser. No page needs it."""

import hashlib
from importlib.resources import files
from typing import Any

from datasette import Response

SCRIPT = (files("cop.web") / "static" / "checklist.js").read_bytes()
SCRIPT_PATH = f"/static/checklist-{hashlib.sha256(SCRIPT).hexdigest()[:12]}.js"


async def script(request: Any) -> Response:
    """The script. Its address changes with its content, so it may be kept for ever."""
    known = request.path.endswith(SCRIPT_PATH)
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if known else "no-cache"}
    return Response(SCRIPT.decode(), headers=headers, content_type="text/javascript; charset=utf-8")
