"""How a run ends: exit code, one line on standard error, a traceback only with `--debug`."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from pslidx.exit_codes import Session, run
from pslidx.signals import Interrupted

from psl_index import errors


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (errors.InputError("bad", file="x.dat", line=3, remedy="mend it"), 1, "error: x.dat:3: bad; mend it"),
        (errors.OutputError("no room", file="out"), 1, "error: out: no room"),
        (errors.BusyError("is busy", file="index"), 1, "error: index: is busy"),
        (errors.UsageError("no such thing"), 2, "error: no such thing"),
        (errors.PeptideError("'A1' is no peptide", number=0), 2, "error: 'A1' is no peptide"),
        (errors.InvalidIndexError("is damaged", file="index"), 3, "error: index: is damaged"),
        (click.UsageError("Two\nlines."), 2, "error: Two lines; see `pslidx -h`"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "error: No space left on device"),
        (FileNotFoundError(errno.ENOENT, "No such file", "x"), 1, "error: x: No such file"),
        (Interrupted(signal.SIGINT), 130, "interrupted"),
        (Interrupted(signal.SIGTERM), 143, "terminated"),
        (MemoryError(), 1, "error: not enough memory"),
        (ZeroDivisionError("by zero"), 1, "error: ZeroDivisionError: by zero; this is a bug in pslidx; "),
    ],
)
def test_each_error_has_its_code_and_one_line(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> int:
        raise error

    assert run(command, Session()) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"pslidx: {line}")
    assert said.err.count("\n") == 1


def test_every_error_of_the_tree_has_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert errors.InvalidIndexError in kinds
    for kind in kinds:
        error = kind("x", number=0) if kind is errors.PeptideError else kind("x")
        assert run(lambda error=error: _raise(error), Session()) in (1, 2, 3, 4)
        assert "bug" not in capsys.readouterr().err


def _raise(error: BaseException) -> int:
    raise error


def test_debug_adds_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()

    def command() -> int:
        session.debug = True
        raise errors.InputError("bad")

    assert run(command, session) == 1
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last)")
    assert said.endswith("\npslidx: error: bad\n")


def test_success_returns_what_the_command_returns() -> None:
    assert run(lambda: 0, Session()) == 0


PRINT_A_LOT = """
import os, sys
from pslidx.exit_codes import Session, run
def command():
    for _ in range(100_000):
        sys.stdout.write("x" * 100 + chr(10))
    return 0
os._exit(run(command, Session()))
"""


@pytest.mark.parametrize("lines", [0, 1])
def test_a_closed_pipe_is_quiet(lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PRINT_A_LOT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for _ in range(lines):
        process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


def test_full_standard_output_is_one_line() -> None:
    with open("/dev/full", "wb") as full:
        ended = subprocess.run([sys.executable, "-c", PRINT_A_LOT], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (1, "pslidx: error: No space left on device\n")


def test_the_table_in_the_module_names_every_code() -> None:
    from pslidx import exit_codes

    documented = {int(code) for code in re.findall(r"^(\d+) ", exit_codes.__doc__ or "", re.MULTILINE)}
    assert documented == {0, 1, 2, 3, 4, 128 + signal.SIGINT, 128 + signal.SIGPIPE, 128 + signal.SIGTERM}


def test_the_command_is_installed(tmp_path: Path) -> None:
    command = Path(sys.executable).with_name("pslidx")
    ended = subprocess.run([command, "--version"], capture_output=True, text=True, cwd=tmp_path, env=os.environ)
    assert ended.returncode == 0
    assert re.fullmatch(r"pslidx \d+\.\d+\.\d+\n", ended.stdout)
