"""Who has learned from a protein: by its accession in all forms, by its residues, and by a copy's accession."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from psl_eval.experiments.held_out import held_out, learned_entries, not_known_of
from psl_eval.experiments.models import NamedModel
from psl_index import Index
from psl_models.datasets import Dataset
from psl_models.datasets.proteins import Protein, dataset_of
from tests.psl_models.small_models import small_model

PROTEINS = {
    "P12345": "MKTAYLVAGR",
    "Q99999": "MSKLAAAA",
    "O00001": "MKTAYLVAGR",  # a copy of the first
    "sp|P54321|NAME": "MWWWW",
    "A0A000-free": "MCCCC",
}


def dataset() -> Dataset:
    proteins = [Protein(name, name, sequence, (), 1) for name, sequence in PROTEINS.items()]
    return dataset_of(proteins, multi_label=True, files=["invented"], records=[])


def learned(folder: Path, rows: Sequence[str]) -> NamedModel:
    path = folder / "training_set.tsv"
    path.write_text("\n".join(["accession\tsplit\tsequence", *rows, ""]))
    return NamedModel("model", small_model("mlp", "uniform"), path)


@pytest.mark.parametrize(
    ("row", "gone"),
    [
        ("P12345\ttrain\t", ["P12345", "O00001"]),
        ("P12345-2\tvalidation\t", ["P12345", "O00001"]),
        ("P54321\ttrain\t", ["sp|P54321|NAME"]),
        ("another\ttrain\tMSKLAAAA", ["Q99999"]),
        ("A0A000-free\ttrain\tMCCCC", ["A0A000-free"]),
        ("Q99999\ttest\t", []),
    ],
)
def test_what_was_learned_from_is_left_out(row: str, gone: list[str], tmp_path: Path) -> None:
    kept = held_out(dataset(), [learned(tmp_path, [row, "X00000\ttrain\t"])])
    assert [name for number, name in enumerate(PROTEINS) if number not in kept] == gone


def test_a_model_that_does_not_say_what_it_has_learned_from_leaves_out_nothing(
    build_index: Callable[..., Index],
) -> None:
    silent = NamedModel("model", small_model("mlp", "uniform"))
    assert held_out(dataset(), [silent]).tolist() == [0, 1, 2, 3, 4]
    index = build_index([("P12345", "MKTAYLVAGR", ["Nucleus"])])
    assert learned_entries(index, [silent]).tolist() == []


def test_a_model_that_does_not_say_what_it_has_learned_from_is_named(tmp_path: Path) -> None:
    silent, other = (NamedModel(name, small_model("mlp", "uniform")) for name in ("silent", "other"))
    (said,) = not_known_of([silent, learned(tmp_path, []), other], "these proteins")
    assert said == "what silent and other have learned from is not known here, and may be among these proteins"
    assert not list(not_known_of([learned(tmp_path, [])], "these proteins"))


def test_entries_go_with_their_copies(build_index: Callable[..., Index], tmp_path: Path) -> None:
    rows = [(name, sequence, ["Nucleus"]) for name, sequence in PROTEINS.items() if "|" not in name]
    index = build_index(rows)
    assert learned_entries(index, [learned(tmp_path, ["P12345\ttrain\t"])]).tolist() == [0, 2]
