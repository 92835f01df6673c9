"""How many threads something that can use any number of them gets."""

from __future__ import annotations

import os


def threads_for(asked: int) -> int:
    """As many as asked for; for 0 as many as the machine has processors."""
    return asked if asked > 0 else os.cpu_count() or 1
