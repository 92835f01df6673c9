"""Runs commands one after the other, each in a child, with an environment and privileges of their own."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from pslidx.main import main

from tests.conftest import REPOSITORY
from tests.faults import children

_CAPABILITIES_VERSION = 0x20080522
_OVERRIDING = (1, 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH: what lets root write and read anything


class Ended(NamedTuple):
    """How a command ended, with what it wrote as latin-1, one character a byte."""

    code: int
    out: str
    err: str
    memory: int  # MiB at the most


def run_all(
    commands: Sequence[Sequence[object]],
    *,
    environment: Mapping[str, str | None] | None = None,
    folder: Path = REPOSITORY,
    read_only: Path | None = None,
) -> list[Ended]:
    """Run ``pslidx`` with each of some arguments.

    Parameters
    ----------
    environment : mapping, optional
        Variables that are other than here, None for those that are not set; with it Python is started anew.
    folder : Path
        To work in.
    read_only : Path, optional
        A folder that the commands cannot write to; checked first. Root can write anywhere: it gives that right away.
    """
    asked = json.dumps(
        {
            "folder": str(folder),
            "read_only": None if read_only is None else str(read_only),
            "commands": [[str(argument) for argument in command] for command in commands],
        }
    )
    if environment is None:
        code, said = children.run(_work, asked)
        assert code == 0, said
    else:
        said = _anew(asked, environment)
    answer = json.loads(said)
    if answer["writable"]:
        pytest.skip(f"{read_only} can be written to, whatever its mode says")
    return [Ended(*one) for one in answer["ended"]]


def _anew(asked: str, environment: Mapping[str, str | None]) -> str:
    variables = {name: value for name, value in (os.environ | dict(environment)).items() if value is not None}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.commands", asked],
        cwd=REPOSITORY,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _work(asked: str) -> None:
    """Do what is asked, and print how it ended, both as JSON."""
    wanted: dict[str, Any] = json.loads(asked)
    os.chdir(wanted["folder"])
    writable = False
    if wanted["read_only"] is not None:
        _give_up_overriding()
        writable = _is_writable(Path(wanted["read_only"]))
    import_module("tests.faults.warmed_up")
    ended = [] if writable else [_ended(command) for command in wanted["commands"]]
    print(json.dumps({"writable": writable, "ended": ended}), flush=True)


def _give_up_overriding() -> None:
    """From now on modes of files count for root, too; for anybody else nothing changes."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "capset"):
        return
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; and their upper halves
    assert libc.capget(header, sets) == 0
    for capability in _OVERRIDING:
        sets[0] &= ~(1 << capability)
        sets[1] &= ~(1 << capability)
    assert libc.capset(header, sets) == 0


def _is_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except PermissionError:
        return False


def _ended(arguments: Sequence[str]) -> Ended:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = os.fork()
        if process == 0:
            os.dup2(out.fileno(), 1)
            os.dup2(err.fileno(), 2)
            sys.stdout.reconfigure(errors="strict")  # as in most languages; not where the tests are run in "C"
            sys.argv = ["pslidx", *arguments]
            main()
        _, status, used = os.wait4(process, 0)
        memory = used.ru_maxrss >> (20 if sys.platform == "darwin" else 10)
        return Ended(os.waitstatus_to_exitcode(status), _text(out), _text(err), memory)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("latin-1")


if __name__ == "__main__":
    _work(sys.argv[1])
