"""Where the real data is, for the tests that need it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
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


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> Iterator[None]:
    """Have Ctrl-C act as usual: a run in the background of a script inherits it ignored, and so would its children."""
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
