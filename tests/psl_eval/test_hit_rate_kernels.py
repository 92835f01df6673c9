"""The kernels on damaged arrays, and where they change their way of sorting."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from psl_eval import hit_rate
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index import Index
from tests.psl_eval.reference import Entry, score

SEQUENCES = ["MKKRKVDE", "MKKRKVDEMKKRKV", "MKKUKV", "AAAAAAAAAAAAAAAAAAAAAAA", "MKKRKVDE"]


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index([(f"E{number}", sequence, ["Nucleus"]) for number, sequence in enumerate(SEQUENCES)])


def test_damaged_arrays_never_lead_outside(index: Index, tmp_path: Path) -> None:
    """Without the jit, where a read past the end of an array is an IndexError."""
    program = "score_damaged(Index.open(sys.argv[1]), Path(sys.argv[2]))\n"
    ran = _run_without_jit(program, index.path, _fasta(tmp_path))
    assert ran.stderr == ""
    assert ran.stdout == "40 damaged indexes\n"


def score_damaged(index: Index, proteins: Path) -> None:
    """Score against 40 damaged copies of an index of one shard."""
    (shard,) = index.shards
    for seed in range(40):
        random = np.random.default_rng(seed)
        names = ("text", "starts", "block_entry", "pos", "tail", "table")
        damaged = replace(shard, **{name: _overwritten(getattr(shard, name), random) for name in names})
        for definition in DEFINITIONS:
            hit_rate(
                Index(index.path, index.manifest, (damaged,)),
                some_rows(SEQUENCES),
                proteins=proteins,
                definition=definition,
                resamples=2,
            )
    print(seed + 1, "damaged indexes")


def _overwritten(array: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A copy with about one element in three set to anything that fits."""
    damaged = np.array(array)
    anything = random.integers(0, np.iinfo(array.dtype).max, array.shape, array.dtype, endpoint=True)
    hit = random.random(array.shape) < 0.3
    damaged[hit] = anything[hit]
    return damaged


@pytest.mark.parametrize("stem", ["MACDEFGHIKLNPQRST", "MAUDEFGHIKLNPQRST"])
def test_long_subsequences_are_compared_to_their_last_residue(build_index: Callable[..., Index], stem: str) -> None:
    """The index orders positions by their first residues; what comes after those is looked up in the text."""
    database = [Entry(f"E{cut}", stem[:cut] + "W", frozenset(["Nucleus"])) for cut in range(1, len(stem) + 1)]
    rows = pa.table(
        {
            "query": ["P"] * len(stem),
            "start": [1] * len(stem),
            "end": range(1, len(stem) + 1),
            "subsequence": [stem[:end] for end in range(1, len(stem) + 1)],
            "predicted": ["Nucleus"] * len(stem),
        }
    )
    found = hit_rate(build_index(database), rows, exclude="none").subsequences
    assert found["entries"].to_pylist() == list(range(len(stem), 0, -1))


def test_common_and_rare_subsequences_are_counted_alike(build_index: Callable[..., Index]) -> None:
    """One in every entry, which are walked, and one in a few, which are sorted."""
    database = [
        Entry(f"E{number}", "M" * (number % 5) + ("KDEL" if number % 90 == 0 else "KDE"), frozenset(["Nucleus"]))
        for number in range(300)
    ]
    index = build_index(database)
    rows = pa.table(
        {
            "query": ["P", "P"],
            "start": [3, 3],
            "end": [5, 6],
            "subsequence": ["KDE", "KDEL"],
            "predicted": ["Nucleus", "Nucleus"],
        }
    )
    found = hit_rate(index, rows, exclude="none").subsequences
    for row in found.to_pylist():
        expected = score(row["subsequence"], 3, "Nucleus", database, set(), "paper")
        assert (row["entries"], row["hit_rate"]) == (
            expected.entries,
            pytest.approx(expected.hit_rate, abs=1e-12),
        )
    assert found["entries"].to_pylist() == [300, 4]


def test_entries_met_in_another_order_are_excluded_all_the_same(build_index: Callable[..., Index]) -> None:
    """The index meets what follows KDE in alphabetical order: here the later entries first."""
    sequences = ["M" * 8] * 300
    sequences[0], sequences[100], sequences[200] = "KDEYY", "KDERR", "KDEAA"
    index = build_index([(f"E{number}", sequence, ["Nucleus"]) for number, sequence in enumerate(sequences)])
    columns = {"start": [1], "end": [3], "subsequence": ["KDE"], "predicted": ["Nucleus"]}
    for own in (0, 100, 200):
        (row,) = hit_rate(index, pa.table({"query": [f"E{own}"], **columns})).subsequences.to_pylist()
        assert row["entries"] == 2


def _run_without_jit(program: str, *arguments: Path) -> subprocess.CompletedProcess[str]:
    """Run `program` in a new process with the names of this module, warnings as errors."""
    module = "tests.psl_eval.test_hit_rate_kernels"
    root = Path(__file__).parents[2]
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", f"import sys\nfrom {module} import *\n{program}", *arguments],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(root)},
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


def some_rows(sequences: Sequence[str]) -> pa.Table:
    """Some stretches of each sequence."""
    rows = [
        {
            "query": f"P{number}",
            "start": start,
            "end": end,
            "subsequence": sequence[start - 1 : end],
            "predicted": "Nucleus",
            "true": "Plastid",
        }
        for number, sequence in enumerate(sequences)
        for start, end in ((1, 1), (2, 4), (1, len(sequence)), (4, 6))
    ]
    return pa.Table.from_pylist(rows)


def _fasta(tmp_path: Path) -> Path:
    path = tmp_path / "proteins.fasta"
    path.write_text("".join(f">P{number}\n{sequence}\n" for number, sequence in enumerate(SEQUENCES)))
    return path


def test_importing_the_package_loads_neither_torch_nor_the_kernels() -> None:
    program = "import sys, psl_eval; print({'torch', 'numba', 'pyarrow'} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"
