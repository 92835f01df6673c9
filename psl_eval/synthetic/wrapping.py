"""Lines of a flat file, at the width that real ones have."""

from __future__ import annotations

import textwrap
from typing import Final

_WIDTH: Final = 75
FIRM_BLANK: Final = "\xa0"  # becomes a blank at which no line ends


def wrapped(code: str, text: str) -> str:
    """`text` as lines that begin with a two-letter `code`."""
    return _lines(text, f"{code}   ", f"{code}   ")


def wrapped_comment(topic: str, text: str) -> str:
    """A CC block."""
    return _lines(f"{topic}: {text}", "CC   -!- ", "CC       ")


def _lines(text: str, first: str, others: str) -> str:
    # Words are not cut at hyphens, for after a hyphen at the end of a line readers put no blank.
    lines = textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "".join(f"{line}\n" for line in lines).replace(FIRM_BLANK, " ")
