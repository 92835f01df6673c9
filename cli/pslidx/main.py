"""Where the `pslidx` command starts and ends."""

from __future__ import annotations

import os
import sys

from pslidx.exit_codes import Session, run


def main() -> None:
    """Run the command line and leave with its exit code.

    The interpreter is not taken down at the end: with Numba loaded that would take a tenth of a second.
    """
    session = Session()

    def command() -> int:
        from pslidx.group import invoke  # here, where an interrupt is quiet already

        return invoke(sys.argv[1:], session)

    os._exit(run(command, session))
