"""Answers that are kept are there again, whatever ended the run before; those of another question are not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from psl_eval.online.answers import Answer, Match
from psl_eval.online.journal import journal_at
from psl_index.errors import BusyError, InputError, OutputError, UsageError

ASKED = {"index": "abc", "peptides": "def"}
ANSWERS = {"SKL": Answer((Match("P99991", 5, 7, "ONE_HUMAN", 9606),), "2026_01"), "WWW": Answer((), None)}
KEPT = {"SKL": Answer((Match("P99991", 5, 7),), "2026_01"), "WWW": Answer((), None)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal with `ANSWERS`."""
    path = tmp_path / "result.tsv.journal"
    with journal_at(path, ASKED) as journal:
        assert journal.answers == {}
        journal.keep(ANSWERS)
    return path


def test_what_is_kept_is_there_again(path: Path) -> None:
    with journal_at(path, ASKED) as journal:
        assert journal.answers == KEPT
        journal.keep({"AAA": Answer((Match("P99992"),), None)})
    with journal_at(path, ASKED) as journal:
        assert journal.answers == {**KEPT, "AAA": Answer((Match("P99992"),), None)}
        journal.remove()
    assert not path.exists()


def test_cut_off_anywhere_it_goes_on_behind_the_last_whole_line(path: Path) -> None:
    whole = path.read_bytes()
    ends = [at for at in range(len(whole)) if whole[at : at + 1] == b"\n"]
    for size in sorted({*range(0, len(whole), 20), *ends, *(end + 1 for end in ends)}):
        path.write_bytes(whole[:size])
        lines = max(whole[:size].count(b"\n") - 1, 0)
        with journal_at(path, ASKED) as journal:
            assert journal.answers == dict(list(KEPT.items())[:lines])
            journal.keep(dict(list(ANSWERS.items())[lines:]))
        assert path.read_bytes() == whole


def test_another_question_is_refused_and_nothing_lost(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(UsageError) as caught, journal_at(path, {"index": "abd", "peptides": "xyz"}):
        pass
    assert str(caught.value).startswith(f"{path}: holds the answers of an unfinished run with other index and peptides")
    assert path.read_bytes() == before


def test_without_an_answer_nothing_stays_and_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with journal_at(path, ASKED):
        left_by_a_killed_run = path.read_bytes()
    assert not path.exists()
    path.write_bytes(left_by_a_killed_run)
    with journal_at(path, {"index": "another"}) as journal:
        journal.keep(ANSWERS)
    with journal_at(path, {"index": "another"}) as journal:
        assert journal.answers == KEPT


@pytest.mark.parametrize("line", [b"{}", b"[]", b"x", b'{"peptide": "A", "release": null, "matches": [["P1"]]}', b""])
def test_a_file_that_is_no_journal_or_damaged(path: Path, line: bytes) -> None:
    lines = path.read_bytes().split(b"\n")
    for number in (1, 2):
        path.write_bytes(b"\n".join([*lines[: number - 1], line, *lines[number:]]))
        with pytest.raises(InputError) as caught, journal_at(path, ASKED):
            pass
        assert (caught.value.file, caught.value.line) == (str(path), number)


@pytest.mark.parametrize("content", [b"notes", b"notes\n", b"{}", b"{}\n"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(content)
    with pytest.raises(InputError), journal_at(path, ASKED):
        pass
    assert path.read_bytes() == content


def test_one_process_at_a_time(path: Path) -> None:
    with journal_at(path, ASKED), pytest.raises(BusyError), journal_at(path, ASKED):
        pass


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: No such file"), journal_at(tmp_path / "no" / "x", ASKED):
        pass
