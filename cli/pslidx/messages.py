"""What the command says to people, on standard error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from psl_index import Skipped


def say(text: str) -> None:
    """Print one line."""
    click.echo(f"pslidx: {text}", err=True)


def warn(text: str) -> None:
    """Print one line about something to look at."""
    say(f"warning: {text}")


def counted(number: int, unit: str) -> str:
    """A number and what is counted, given in the singular."""
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def warn_of_skipped(skipped: Skipped) -> None:
    """Say how many bad entries were passed over, if any, and what was wrong with the first."""
    if skipped.count:
        what = "1 bad entry was" if skipped.count == 1 else f"{skipped.count:,} bad entries were"
        warn(f"{what} passed over; the first {len(skipped.first)}:")
        for error in skipped.first:
            say(f"  {error}")
