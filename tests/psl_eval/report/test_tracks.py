"""Which explanation subsequences were taken from."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from psl_eval.report.explanations import Explanation, read_explanation
from psl_eval.report.tracks import read_track
from psl_eval.subsequences.extraction import extract
from psl_eval.subsequences.rules import AboveMean, TopK


@pytest.fixture
def explanations(results: Path) -> list[Explanation]:
    return [read_explanation(name, results / f"{name}.parquet") for name in ("attention", "gradients")]


@pytest.mark.parametrize("name", ["attention", "gradients"])
def test_scores_tell(results: Path, explanations: list[Explanation], name: str) -> None:
    track = read_track("any", results / f"{name}-subsequences.tsv", explanations)
    assert track.explanation == name
    assert all(track.picked[query] for query in explanations[0].proteins)


def test_sizes_of_scores_tell_too(results: Path, explanations: list[Explanation], tmp_path: Path) -> None:
    sizes = extract(results / "gradients.parquet", TopK(3, 0), absolute=True)
    pa.parquet.write_table(sizes, tmp_path / "sizes.parquet")
    assert read_track("any", tmp_path / "sizes.parquet", explanations).explanation == "gradients"


def test_what_was_taken_from_none_is_of_none(results: Path, explanations: list[Explanation], tmp_path: Path) -> None:
    own = extract(results / "attention.parquet", AboveMean())
    at = own.column_names.index("score")
    other = own.set_column(at, own.schema.field(at), pa.compute.multiply(own["score"], pa.scalar(1.01, pa.float32())))
    pa.parquet.write_table(other, tmp_path / "other.parquet")
    pa.parquet.write_table(own.drop_columns("score"), tmp_path / "without.parquet")
    for name in ("other", "without"):
        assert read_track(name, tmp_path / f"{name}.parquet", explanations).explanation is None


def test_the_method_is_known(explanations: list[Explanation]) -> None:
    assert [each.settings["method"] for each in explanations] == ["attention", "gradients"]


def test_a_subsequence_that_is_listed_twice_is_one(
    results: Path, explanations: list[Explanation], tmp_path: Path
) -> None:
    lines = (results / "attention-subsequences.tsv").read_text().splitlines()
    (tmp_path / "twice.tsv").write_text("\n".join([*lines, lines[1], lines[2]]) + "\n")
    once = read_track("any", results / "attention-subsequences.tsv", explanations)
    twice = read_track("any", tmp_path / "twice.tsv", explanations)
    assert twice.rows.equals(once.rows)
    assert twice.picked == once.picked
