"""F5: files of an index that are damaged, of another version, or make no sense: each is refused by name.

`tests/data/malformed/make.py` makes them, and `expected.tsv` beside it says what has to be said of each.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pslidx.exit_codes import INVALID_INDEX, Session, run
from pslidx.group import invoke

from psl_index import Index, verify
from psl_index.errors import InvalidIndexError
from tests.data.malformed.make import HERE, assemble, make
from tests.faults.every_question import ask_everything


class Case(NamedTuple):
    """A row of `expected.tsv`."""

    name: str
    found: str  # at ``open``, or only by ``verify`` in full
    file: str  # that is named
    message: str  # part of what is said


with (HERE / "expected.tsv").open(newline="") as _table:
    CASES = [Case(*row) for row in csv.reader(_table, delimiter="\t", quoting=csv.QUOTE_NONE)][1:]

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture
def index(case: Case, tmp_path: Path) -> Path:
    assemble(case.name, tmp_path / "index")
    return tmp_path / "index"


def test_there_are_many_and_each_is_expected() -> None:
    assert len(CASES) >= 40
    folders = {path.name for path in HERE.iterdir() if path.is_dir()} - {"sound", "__pycache__"}
    assert folders == {case.name for case in CASES}


def test_the_sound_one_is_sound(tmp_path: Path) -> None:
    """So that each case is refused for what is wrong with it, and for nothing else."""
    assemble("sound", tmp_path / "index")
    assert verify(tmp_path / "index", full=True).problems == ()
    assert set(ask_everything(tmp_path / "index")) == {"answered"}
    assert Index.open(tmp_path / "index").count(["AA", "U"]).tolist() == [4, 1]


def test_the_files_are_what_the_script_makes(tmp_path: Path) -> None:
    written_by = pq.read_metadata(HERE / "sound" / "entries.parquet").created_by
    if written_by != f"parquet-cpp-arrow version {pa.cpp_version}":
        pytest.skip(f"the tables are those of {written_by}, which the versions in constraints.txt give")
    make(tmp_path)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    here = {path.relative_to(HERE): path.read_bytes() for path in HERE.glob("*/*") if path.suffix != ".pyc"}
    assert sorted(made) == sorted(here)
    for name, content in made.items():
        assert content == here[name], f"{name}: run tests/data/malformed/make.py"


@each_case
def test_what_is_malformed_is_refused_by_name(case: Case, index: Path) -> None:
    try:
        problems = verify(index, full=True).problems
        assert case.found == "verify"
    except InvalidIndexError as problem:
        problems = (problem,)
        assert case.found == "open"
    assert [Path(str(problem.file)).name for problem in problems] == [case.file]
    assert Path(str(problems[0].file)).is_relative_to(index)
    assert case.message in str(problems[0])
    assert problems[0].remedy


@each_case
def test_what_is_asked_of_it_is_answered_or_refused(case: Case, index: Path) -> None:
    outcomes = ask_everything(index)
    if case.found == "open":
        assert set(outcomes) == {"not opened"}
    elif case.file == "locations.parquet":
        assert outcomes["refused"] > 0
    else:  # an answer, if a wrong one
        assert outcomes["answered"] > outcomes["refused"]


@pytest.mark.parametrize("case", [case for case in CASES if case.found == "open"], ids=lambda case: case.name)
def test_the_command_says_so_in_one_line(case: Case, index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("info", index), ("verify", index), ("search", index, "AA"), ("sql", index, "SELECT 1 AS one")):
        assert ended(*arguments) == INVALID_INDEX
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(f"pslidx: error: {index}/")
        assert case.message in said.err
        assert said.err.count("\n") == 1


UNREADABLE = [
    case for case in CASES if case.found == "verify" and case.message.startswith(("cannot be", "does not have"))
]


@pytest.mark.parametrize("case", UNREADABLE, ids=lambda case: case.name)
def test_a_table_that_cannot_be_read_is_no_fault_of_the_query(
    case: Case, index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(UNREADABLE) >= 10
    assert ended("sql", index, "SELECT * FROM locations") == INVALID_INDEX
    assert f"/{case.file}: {case.message}" in capsys.readouterr().err


def ended(*arguments: object) -> int:
    """Exit code of the command."""
    session = Session()
    return run(lambda: invoke([*map(str, arguments)], session), session)
