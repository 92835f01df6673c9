"""Files of JSON that say what a result is, read whatever is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def parsed(text: str | bytes) -> Any:
    """What a text of JSON says; halves of characters, which no file can hold, become U+FFFD. ValueError for others."""
    try:
        return _whole(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def read_manifest(path: Path) -> dict[str, Any]:
    """What a manifest says; nothing where there is none, or something else in its place. Other errors are OSError."""
    try:
        content = parsed(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _whole(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_whole(name): _whole(each) for name, each in value.items()}
    return [_whole(each) for each in value] if isinstance(value, list) else value
