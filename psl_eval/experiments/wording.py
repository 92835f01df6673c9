"""Numbers in sentences."""

from __future__ import annotations


def counted(number: int, one: str = "protein", several: str = "") -> str:
    """So many of something: ``1 protein``, ``2,000 proteins``."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"
