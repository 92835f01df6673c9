"""Where the real data is, for the tests that need it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real Swiss-Prot entries, DeepLoc and the study's files; skips where it is absent."""
    folder = Path(os.environ.get("PSLIDX_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set PSLIDX_DATA")
    return folder
