"""Manifests of folders of results: what kind of thing a folder is, by the word `format` in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def read_manifest(path: Path) -> dict[str, Any]:
    """What a manifest says; nothing where there is none, or something else in its place. Other errors are OSError."""
    try:
        content = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
