"""Values of options."""

from __future__ import annotations

import click
import pytest
from pslidx.options import size_in_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("800M", 800 << 20), ("8G", 8 << 30), ("8GiB", 8 << 30), ("1.5k", 1536), (" 2 TB ", 2 << 40)],
)
def test_sizes(text: str, size: int) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "G", "-1", "0", "0G", "8X", "8 G G", "1e9", "٣"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is not a size such as 800M or 8G"):
        size_in_bytes(text)
