"""Tables of attributions as explanations: a protein once, whatever its table explains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval.report.contents import read_contents
from psl_eval.report.explanations import Explanation, read_explanation
from psl_eval.report.sources import find_sources
from psl_index.errors import InputError

Row = tuple[str, str, str | None, float]  # protein, predicted, target, score

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A table of proteins of one residue."""

    def written(*rows: Row) -> Path:
        table = [
            {"query": query, "sequence": "M", "predicted": predicted, "target": target, "scores": [score]}
            for query, predicted, target, score in rows
        ]
        pq.write_table(pa.Table.from_pylist(table), tmp_path / "scores.parquet")
        return tmp_path / "scores.parquet"

    return written


def scores(explanation: Explanation) -> dict[str, float]:
    return {query: float(each.scores[0]) for query, each in explanation.proteins.items()}


def test_of_several_targets_the_predicted_one_is_shown(write: Write) -> None:
    """Wherever it stands; of two that are predicted the first, and the first of others where it is not there."""
    path = write(
        ("P1", "Nucleus", "Cytoplasm", 1),
        ("P1", "Nucleus", "Nucleus", 2),
        ("P1", "Nucleus", "Plastid", 3),
        ("P2", "Cytoplasm;Nucleus", "Cytoplasm", 4),
        ("P2", "Cytoplasm;Nucleus", "Nucleus", 5),
        ("P3", "Nucleus", "Plastid", 6),
        ("P3", "Nucleus", "Cytoplasm", 7),
    )
    explanation = read_explanation("scores", path)
    assert scores(explanation) == {"P1": 2, "P2": 4, "P3": 6}
    assert explanation.passed_over == 4
    assert explanation.settings == {"method": None, "explained instead of the predicted class": ["Plastid"]}


def test_rows_that_are_passed_over_are_said(write: Write) -> None:
    path = write(("P1", "Nucleus", "Nucleus", 1), ("P1", "Nucleus", "Plastid", 2))
    contents = read_contents(find_sources([str(path)]), lambda _: None)
    said = "scores: 1 row passed over, of other targets of proteins that are shown with one already"
    assert list(contents.unplaced()) == [said]


def test_a_table_need_not_say_what_it_explains(write: Write) -> None:
    explanation = read_explanation("scores", write(("P1", "Nucleus", None, 1), ("P2", "Plastid", None, 2)))
    assert scores(explanation) == {"P1": 1, "P2": 2}
    assert explanation.settings == {"method": None}
    assert explanation.passed_over == 0


@pytest.mark.parametrize("target", ["Nucleus", None])
def test_the_same_target_twice_is_an_error(write: Write, target: str | None) -> None:
    path = write(("P1", "Nucleus", target, 1), ("P1", "Nucleus", target, 1))
    with pytest.raises(InputError, match=r"'P1' is there twice; give each protein once, with one method$"):
        read_explanation("scores", path)
