"""What the command says to people, on standard error."""

from __future__ import annotations

import click


def say(text: str) -> None:
    """Print one line."""
    click.echo(f"pslidx: {text}", err=True)


def warn(text: str) -> None:
    """Print one line about something to look at."""
    say(f"warning: {text}")
