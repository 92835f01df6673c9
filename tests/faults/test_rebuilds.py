"""F8: readers ask while rebuilds publish two data sets in turn."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import duckdb
import pytest

from psl_eval import hit_rate
from psl_index import Index, build, catalog
from tests.faults import children
from tests.proteomes import build_index, write_table

REBUILDS = 20 if os.environ.get("PSLIDX_SOAK") else 5
READERS = 4
TABLES = {
    "one": (["AAAA"] * 40, ["Nucleus"] * 40),
    "two": (["CCCCC"] * 30, ["Nucleus"] * 15 + ["Cytoplasm"] * 15),
}
Answers = dict[str, list[object]]

ROWS = "query\tstart\tend\tsubsequence\tpredicted\nx\t1\t2\tAA\tNucleus\nx\t1\t2\tCC\tNucleus\n"


def asked(index: Index, rows: Path) -> Answers:
    """The answer of each kind of question, which only one of the two data sets gives."""
    scored = hit_rate(index, rows, definition="unweighted", exclude="none", resamples=2).subsequences
    sql = "SELECT count(*), min(accession), max(sequence) FROM entries JOIN locations USING (entry)"
    return {
        "count": index.count(["AA", "CC"]).tolist(),
        "entries": index.count_entries(["AA", "CC"]).tolist(),
        "locate": [len(index.locate(["AA", "CC"])), index.locate(["AA", "CC"])["query"].to_pylist()[0]],
        "hit rate": scored["hit_rate"].to_pylist(),
        "select": [int(index.select(taxon=1).sum()), len(index.select(lineage="x"))],
        "tables": [len(index.entries), index.entries["sequence"][0].as_py(), len(index.locations)],
        "sql": [*catalog.query(index, sql).read_all().to_pylist()[0].values()],
    }


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Both tables, and questions."""
    for name, (sequences, places) in TABLES.items():
        write_table(tmp_path / f"{name}.tsv", sequences, places)
    (tmp_path / "rows.tsv").write_text(ROWS)
    return tmp_path


def test_each_answer_is_of_one_data_set(work: Path) -> None:
    """Two readers open the index anew for each round of questions, two keep it open over two rebuilds."""
    expected = []
    for name in TABLES:
        build([work / f"{name}.tsv"], work / name)
        with Index.open(work / name) as index:
            expected.append(asked(index, work / "rows.tsv"))
    assert all(expected[0][kind] != expected[1][kind] for kind in expected[0])
    index_folder = work / "index"
    build([work / "one.tsv"], index_folder)
    context = multiprocessing.get_context("forkserver")
    rebuilt, ended = context.Value("i", 0), context.Event()
    readers = [Reader(index_folder, work / "rows.tsv", 2 * (number % 2), rebuilt, ended) for number in range(READERS)]
    for rebuild in range(1, REBUILDS + 1):
        for reader in readers if rebuild == 1 else readers[::2]:
            reader.hear()
        build([work / ("two.tsv" if rebuild % 2 else "one.tsv")], index_folder)
        rebuilt.value = rebuild
    ended.set()
    for reader in readers:
        reader.hear_out()
        assert reader.child.ended() == (0, "")
    answers = [answer for reader in readers for _, answer in reader.answers]
    assert all(answer in expected for answer in answers)
    assert all(answer in answers for answer in expected)
    assert all(max(over for over, _ in reader.answers) >= reader.keeps_over for reader in readers)


class Reader:
    """A process that asks again and again; each time it has opened the index it waits for some rebuilds first."""

    def __init__(self, index: Path, rows: Path, keeps_over: int, rebuilt: Synchronized[int], ended: Event) -> None:
        self.keeps_over = keeps_over
        self.answers: list[tuple[int, Answers]] = []  # with the rebuilds while the index was open
        self._reports, reporting = multiprocessing.Pipe(duplex=False)
        self.child = children.Child(read, index, rows, keeps_over, rebuilt, ended, reporting)
        reporting.close()

    def hear(self) -> None:
        """Wait until it has opened the index once more; take its answers so far."""
        opened = False
        while not opened or self._reports.poll():
            try:
                report = self._reports.recv()
            except EOFError:
                pytest.fail(f"a reader failed: {self.child.ended().said}")
            opened |= report is None
            self._note(report)

    def hear_out(self) -> None:
        """Take its answers to the last."""
        with contextlib.suppress(EOFError), self._reports:
            while True:
                self._note(self._reports.recv())

    def _note(self, report: tuple[int, Answers] | None) -> None:
        if report is not None:
            self.answers.append(report)


def read(
    index: Path, rows: Path, keep_over: int, rebuilt: Synchronized[int], ended: Event, reports: Connection
) -> None:
    while not ended.is_set():
        with Index.open(index) as opened:
            reports.send(None)
            before = rebuilt.value
            while rebuilt.value < before + keep_over and not ended.wait(0.001):
                pass
            over = rebuilt.value - before
            reports.send((over, asked(opened, rows)))


@pytest.mark.parametrize("rebuilds", [1, 2])
def test_an_open_index_answers_when_its_files_are_gone(work: Path, rebuilds: int) -> None:
    """The next build but one removes them; what is open goes on to give what it gave."""
    index = build_index(work, ["MAAAGRSAW"] * 3, ["Nucleus"] * 3)
    fresh = Index.open(index.path)
    before = asked(index, work / "rows.tsv")
    for sequence in ["MCCC", "MDDD"][:rebuilds]:
        build_index(work, [sequence])
    assert (index.path / index.manifest.folder).exists() == (rebuilds == 1)
    assert asked(index, work / "rows.tsv") == before
    assert asked(fresh, work / "rows.tsv") == before


@pytest.mark.parametrize("moment", ["SET allowed_paths", "CREATE VIEW entries", "SET lock_configuration"])
def test_files_that_go_while_a_question_is_put(work: Path, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    """DuckDB opens them by a name that stands for another one as soon as they are gone."""
    index = build_index(work, ["MAAAGRSAW"] * 3)
    connect = duckdb.connect

    class Connection:
        def __init__(self) -> None:
            self._connection = connect()

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

        def execute(self, sql: str, *parameters: object) -> None:
            self._connection.execute(sql, *parameters)
            if sql.startswith(moment):
                shutil.rmtree(index.path)

    monkeypatch.setattr(duckdb, "connect", Connection)
    answer = catalog.query(index, "SELECT sequence FROM entries").read_all()
    assert not index.path.exists()
    assert answer["sequence"].to_pylist() == ["MAAAGRSAW"] * 3
