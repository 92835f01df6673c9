"""Where the `pslidx` command starts and ends."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper

from pslidx.signals import end_at_once


def main() -> None:
    """Run the command line and leave with its exit code.

    The interpreter is not taken down at the end: with Numba loaded that would take a tenth of a second.
    """
    end_at_once()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # the name of a file that is not UTF-8 goes out as it is
    from pslidx.exit_codes import Session, run  # now that an interrupt while they load is quiet
    from pslidx.group import invoke

    session = Session()
    os._exit(run(lambda: invoke(sys.argv[1:], session), session))
