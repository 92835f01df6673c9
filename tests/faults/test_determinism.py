"""F16: the same input gives the same bytes, whatever else is different; and so do the same questions."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pytest

from psl_eval.synthetic import planted_explanations, proteome, write_flat_file
from tests.faults.commands import Ended, run_all

RESIDUES = 1_300_000  # a flat file of 20 MB: more than two pieces that threads parse
PEPTIDES = 20_000  # more than a block that threads search
QUERIES = [
    "SELECT class, count(DISTINCT entry) AS entries FROM locations GROUP BY class ORDER BY class",
    "SELECT accession, location FROM entries JOIN locations USING (entry) WHERE length > 500",
]


class Work(NamedTuple):
    """What is built of, and asked."""

    source: Path
    peptides: Path
    subsequences: Path


class Made(NamedTuple):
    """The files of an index, what was said while it was built, and what it answers."""

    index: dict[str, bytes]
    ended: list[Ended]
    rates: dict[str, bytes]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Work:
    folder = tmp_path_factory.mktemp("work")
    blocks = list(proteome(RESIDUES, 1))
    work = Work(folder / "source.dat", folder / "peptides", folder / "subsequences.tsv")
    write_flat_file(blocks, work.source, seed=1)
    choose = np.random.default_rng(2)
    letters = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8)
    lengths = choose.integers(4, 7, PEPTIDES)
    work.peptides.write_bytes(b"\n".join(choose.choice(letters, length).tobytes() for length in lengths))
    rows: pa.Table = planted_explanations(blocks)
    fields = [rows.schema.names, *([str(cell) for cell in row.values()] for row in rows.to_pylist())]
    work.subsequences.write_text("".join("\t".join(line) + "\n" for line in fields))
    return work


def made(
    work: Work,
    place: Path,
    *,
    index: str = "index",
    threads: int = 2,
    folder: Path | None = None,
    environment: dict[str, str | None] | None = None,
) -> Made:
    target, rates = place / index, place / "rates"
    more = ["--threads", threads]
    ended = run_all(
        [
            ["build", work.source, "-o", target, *more],
            ["search", target, "--file", work.peptides, *more],
            ["search", target, "--file", work.peptides, "--equate-il", "--limit", 3, *more],
            ["search", target, "--file", work.peptides, "--count", *more],
            ["hitrate", target, work.subsequences, "-o", rates, *more],
            *(["sql", target, query] for query in QUERIES),
            ["info", target],
        ],
        environment=environment,
        folder=folder or place,
    )
    assert [one.code for one in ended] == [0] * len(ended), ended
    return Made(contents(target), ended[1:], contents(rates))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def first(work: Work, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return made(work, tmp_path_factory.mktemp("first"))


def test_it_is_enough_to_be_done_in_parts(work: Work, first: Made) -> None:
    """Else the number of threads would make no difference in any case."""
    assert work.source.stat().st_size > 2 * (1 << 23)
    searched, _, counted, scored, *_ = first.ended
    assert searched.out.count("\n") > PEPTIDES
    assert counted.out.count("\n") == PEPTIDES + 1
    assert scored.out.count("\n") > 1
    assert first.rates["subsequences.tsv"].count(b"\n") > 2 * 256


@pytest.mark.parametrize(
    "difference",
    [
        {},
        {"threads": 1},
        {"environment": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}},
        {"environment": {"TZ": "Asia/Kathmandu"}},
        {"environment": {"PYTHONHASHSEED": "4242"}},
        {"folder": Path("/")},
        {"index": "another/folder for it"},
    ],
    ids=["nothing", "threads", "locale", "time zone", "hash seed", "working folder", "index folder"],
)
def test_nothing_else_makes_a_difference(
    work: Work, first: Made, tmp_path: Path, difference: dict[str, object]
) -> None:
    again = made(work, tmp_path, **difference)  # type: ignore[arg-type]
    assert sorted(again.index) == sorted(first.index)
    for name, content in again.index.items():
        assert content == first.index[name], name
    for one, before in zip(again.ended, first.ended, strict=True):
        assert (one.out, one.err) == (before.out, before.err)
    assert again.rates == first.rates
