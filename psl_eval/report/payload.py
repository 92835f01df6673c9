"""What the page knows, as compressed JSON in a script element that no browser runs."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any


def packed(content: Any) -> str:
    """JSON, compressed, in base64: letters that mean nothing to HTML. The same content gives the same text."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), compresslevel=9, mtime=0)).decode()
