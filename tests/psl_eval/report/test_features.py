"""Annotated features, of the proteins that they are of."""

from __future__ import annotations

from pathlib import Path

import pytest

from psl_eval.report.explanations import read_explanation
from psl_eval.report.features import features_of
from psl_index import Index
from tests.report_results import AT, SIGNAL


@pytest.fixture(scope="module")
def sequence(results: Path) -> str:
    return read_explanation("attention", results / "attention.parquet").proteins["P10000"].sequence


def test_they_are_found_by_any_form_of_the_accession(results: Path, sequence: str) -> None:
    with Index.open(results / "index") as index:
        found = features_of(index, {"P10000": sequence, "sp|P10000|NAME": sequence, "P99999": sequence})
    motif = {"type": "MOTIF", "start": AT + 1, "end": AT + len(SIGNAL), "note": "invented"}
    assert found.features == {"P10000": [motif], "sp|P10000|NAME": [motif]}
    assert found.other_sequence == 0


def test_of_other_residues_they_are_left_out_and_counted(results: Path, sequence: str) -> None:
    with Index.open(results / "index") as index:
        found = features_of(index, {"P10000": sequence[:30], "P10001": "MKV"})
    assert (found.features, found.other_sequence) == ({}, 2)
