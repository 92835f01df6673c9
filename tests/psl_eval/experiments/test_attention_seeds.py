"""How far the attention of other trainings is, against whole passes of both models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from psl_eval.experiments.attention_tests.adversarial_rows import adversarial_rows
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.divergences import MOST
from psl_eval.experiments.attention_tests.peaks import by_peak
from psl_eval.experiments.attention_tests.seeds import OTHERS, SEEDS, Seeds
from psl_eval.experiments.models import NamedModel, with_random_weights
from psl_index.errors import UsageError
from psl_models.model import Model
from tests.psl_eval.experiments.small_experiments import named
from tests.psl_eval.experiments.small_readouts import (
    PROTEINS,
    answer_of,
    setting_of,
    slow_divergence,
    weights_of_model,
)

FIRST = named()
OTHER_SEEDS = [NamedModel(f"seed {seed}", with_random_weights(FIRST.model, seed)) for seed in (5, 6, 7)]


def slow(other: Model) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Divergence of the weights, and total variation of the answers, of each protein."""
    weights = [[weights_of_model(model, each) for model in (FIRST.model, other)] for each in PROTEINS]
    answers = [[answer_of(model, each) for model in (FIRST.model, other)] for each in PROTEINS]
    return (
        np.array([slow_divergence(*pair) for pair in weights]),
        np.array([np.abs(np.subtract(*pair)).sum() / 2 for pair in answers]),
    )


def test_rows_are_what_whole_passes_give_by_the_largest_weight(tmp_path: Path) -> None:
    search = AdversarialSearch(steps=10)
    setting = setting_of([FIRST, *OTHER_SEEDS], tmp_path)
    tested = Seeds(search).run(setting)
    table = tested.tables["seeds"]
    assert table.schema == SEEDS
    of = {(row["other"], row["largest_weight"]): row for row in table.to_pylist()}
    names = [model.name for model in OTHER_SEEDS]
    assert list(dict.fromkeys(name for name, _ in of)) == [*names, OTHERS, "permuted", "uniform", "adversarial"]
    expected = {model.name: slow(model.model) for model in OTHER_SEEDS}
    expected[OTHERS] = tuple(np.median([each[place] for each in expected.values()], axis=0) for place in (0, 1))  # type: ignore[assignment]
    peaks = np.array([weights_of_model(FIRST.model, each).max() for each in PROTEINS])
    for label, here in by_peak(peaks):
        for name, (away, moved) in expected.items():
            row = of[name, label]
            assert row["proteins"] == here.sum()
            assert row["divergence"] == pytest.approx(away[here].mean(), abs=1e-6)
            assert row["total_variation"] == pytest.approx(moved[here].mean(), abs=1e-6)
            assert row["farther"] is None
        for name in ("permuted", "uniform"):
            assert 0 <= of[name, label]["divergence"] < MOST
            difference = of[name, label]["divergence"] - expected[OTHERS][0][here].mean()
            assert of[name, label]["farther"] == pytest.approx(difference, abs=1e-6)
    found = [row for row in adversarial_rows(FIRST, search, setting).to_pylist() if row["weights"] == "adversarial"]
    within = [row["divergence"] if row["within"] else np.nan for row in found]
    assert of["adversarial", "all"]["proteins"] == np.count_nonzero(~np.isnan(within))
    assert of["adversarial", "all"]["divergence"] == pytest.approx(np.nanmean(within))
    farther = np.nanmean(np.array(within) - expected[OTHERS][0])
    assert of["adversarial", "all"]["farther"] == pytest.approx(farther, abs=1e-6)
    assert len(tested.findings) == 7


def test_a_model_has_the_attention_of_its_own_copy(tmp_path: Path) -> None:
    tested = Seeds().run(setting_of([FIRST, NamedModel("copy", FIRST.model)], tmp_path))
    rows = tested.tables["seeds"].to_pylist()
    assert OTHERS not in {row["other"] for row in rows}  # one other training is its own median
    for row in rows:
        if row["other"] == "copy":
            assert row["divergence"] == row["total_variation"] == 0
        else:
            assert row["farther"] == pytest.approx(row["divergence"])


def test_seeds_are_of_one_configuration_and_several() -> None:
    with pytest.raises(UsageError, match="one only"):
        Seeds().check([FIRST])
    with pytest.raises(UsageError, match="mlp has another configuration than bilstm"):
        Seeds().check([FIRST, named("mlp")])
    with pytest.raises(UsageError, match="has no attention"):
        Seeds().check([FIRST, named("bilstm", "uniform")])
