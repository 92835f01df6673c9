"""Help comes at once, with an example for every command, and the README names them all."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from pslidx.group import COMMANDS

REPOSITORY = Path(__file__).resolve().parents[2]
Call = Callable[..., Any]
HEAVY = ("numba", "numpy", "pyarrow", "duckdb", "torch")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_examples_that_are_understood(name: str, pslidx: Call) -> None:
    said = pslidx(name, "-h")
    assert said.code == 0
    _, found, rest = said.out.partition("  Example:\n")
    assert found
    for example in rest.split("\n\n")[0].splitlines():
        program, command, *arguments = shlex.split(example)
        assert (program, command) == ("pslidx", name)
        called = getattr(import_module(COMMANDS[name]), name.replace("-", "_"))
        understood = called.make_context(name, arguments)
        assert understood.params or isinstance(called, click.Group)  # a group's own examples are its commands'


def test_the_group_lists_each_command_with_its_first_line(pslidx: Call) -> None:
    said = pslidx("--help")
    assert (said.code, said.err) == (0, "")
    for name in COMMANDS:
        (line,) = [line for line in said.out.splitlines() if line.split()[:1] == [name]]
        assert len(line.split()) > 2


def test_no_arguments_give_help(pslidx: Call) -> None:
    assert pslidx().out == pslidx("-h").out
    assert pslidx("experiment").out == pslidx("experiment", "-h").out


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["wrong"], *([name, "-h"] for name in COMMANDS)])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    script = (
        "import os, sys\n"
        "from pslidx.main import main\n"
        f"sys.argv = ['pslidx', *{arguments!r}]\n"
        f"os._exit = lambda code: sys.exit(str(sorted(sys.modules.keys() & set({HEAVY!r}))) + str(code))\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stderr.splitlines()[-1] == ("[]2" if arguments == ["wrong"] else "[]0")


def test_the_readme_names_every_command() -> None:
    readme = (REPOSITORY / "README.md").read_text()
    assert [name for name in COMMANDS if f"pslidx {name}" not in readme] == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["wrong"], "error: No such command 'wrong'; see `pslidx -h`"),
        (["serch"], "error: No such command 'serch'"),
        (["search"], "error: Missing argument 'INDEX'; see `pslidx search -h`"),
        (["search", "x", "A", "--wrong"], "error: No such option"),
        (["search", "x", "A", "--taxon", "human"], "error: Invalid value for '--taxon'"),
        (["search", "x", "A", "--format", "csv"], "error: Invalid value for '--format': 'csv' is not one of"),
        (["search", "x", "A", "--threads", "-1"], "error: Invalid value for '--threads'"),
        (["search", "x", "A", "--count", "--limit", "3"], "error: --limit does not go with --count"),
        (["search", "x", "A", "-o", "x.csv"], "error: x.csv: no .csv files are written"),
        (["build", "x.dat"], "error: Missing option '-o'"),
        (["build", "-o", "x"], "error: Missing argument 'SOURCE...'; see `pslidx build -h`"),
        (
            ["build", "x", "-o", "y", "--memory", "lots"],
            "error: Invalid value for '--memory': 'lots' is not a size",
        ),
        (
            ["build", "x", "-o", "y", "--columns", "a"],
            "error: --columns: 'a' does not name a column",
        ),
        (["sql", "x"], "error: Missing argument 'QUERY'"),
        (["hitrate", "x", "y"], "error: Missing option '-o'"),
        (["experiment", "wrong"], "error: No such command 'wrong'; see `pslidx experiment -h`"),
        (["experiment", "filters", "x"], "error: Missing option '-o'"),
        (["experiment", "attention-tests", "x", "--epsilon", "nan", "-o", "y"], "error: Invalid value for '--epsilon'"),
        (
            ["experiment", "attention-trainings", "x", "--divergence", "nan", "-o", "y"],
            "error: Invalid value for '--divergence'",
        ),
        (["hitrate", "x", "y", "-o", "z", "--exclude", "all"], "error: Invalid value for '--exclude'"),
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], line: str, pslidx: Call) -> None:
    ended = pslidx(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"pslidx: {line}")
    assert ended.err.count("\n") == 1
