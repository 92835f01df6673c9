"""Ranks of residues by attention and by other measures, against slow calculations of each."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from psl_eval.experiments.attention_tests.correlation import CORRELATION, MEASURES, RANDOMISED, WEIGHTS, Correlation
from psl_eval.experiments.attention_tests.importance import HeldAttention, left_out
from psl_eval.experiments.attention_tests.residue_scores import HELD, LEARNED, LEFT_OUT, ResidueScores
from psl_eval.experiments.drawn_proteins import drawn_proteins
from psl_eval.experiments.models import with_random_weights
from psl_models.attribution.method import explaining
from tests.psl_eval.experiments.small_experiments import named
from tests.psl_eval.experiments.small_readouts import ASKED, PROTEINS, answer_of, setting_of, weights_of_model
from tests.psl_models.small_models import SEQUENCES, TARGETS, batch, small_model

MODEL = named()


def slow_tau(x: np.ndarray, y: np.ndarray) -> float:  # type: ignore[type-arg]
    """Kendall's tau-b by its definition: over all pairs of residues."""
    concordant = ties_x = ties_y = pairs = 0
    for i, j in itertools.combinations(range(len(x)), 2):
        dx, dy = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        concordant += dx * dy
        ties_x, ties_y, pairs = ties_x + (dx == 0), ties_y + (dy == 0), pairs + 1
    spread = (pairs - ties_x) * (pairs - ties_y)
    return float(concordant / math.sqrt(spread)) if spread else np.nan


def test_the_gradient_with_attention_held_is_that_of_the_states_alone() -> None:
    model = small_model("bilstm", "attention", double=True)
    one = batch([SEQUENCES[0]])
    target = TARGETS[:1]
    with explaining(model, budget=100, seed=0) as explained:
        found = HeldAttention().explain(explained, one, target).residues[0]
        embedded = explained.embed(one.tokens)
        weights = model.answer(one).weights
        for place in range(len(SEQUENCES[0])):

            def log_probability(share: float, place: int = place) -> float:
                scaled = embedded.clone()
                scaled[0, place] *= share
                with torch.no_grad():
                    logits = model.network(scaled, one.lengths, lambda s, la: weights).logits
                return float(torch.log_softmax(logits, 1)[0, target[0]])

            slope = (log_probability(1 + 1e-5) - log_probability(1 - 1e-5)) / 2e-5
            assert float(found[place]) == pytest.approx(slope, abs=1e-5)


def test_left_out_is_the_answer_to_the_protein_without_the_residue() -> None:
    found = left_out(MODEL.model, PROTEINS)
    for sequence, of_residues in zip(PROTEINS, found, strict=True):
        if len(sequence) == 1:
            assert np.isnan(of_residues).all()
            continue
        whole = answer_of(MODEL.model, sequence)
        for place, moved in enumerate(of_residues):
            without = answer_of(MODEL.model, sequence[:place] + sequence[place + 1 :])
            assert moved == pytest.approx(np.abs(without - whole).sum() / 2, abs=1e-6)


def test_each_row_is_the_mean_of_the_taus_of_the_proteins(tmp_path: Path) -> None:
    setting = setting_of([MODEL], tmp_path)
    tested = Correlation(left_out=4).run(setting)
    table = tested.tables["correlation"]
    assert table.schema == CORRELATION
    of = {(row["measure"], row["ranking"]): row for row in table.to_pylist()}
    assert {measure for measure, _ in of} == {*MEASURES}
    assert {ranking for _, ranking in of} == {*WEIGHTS, RANDOMISED, LEFT_OUT}
    drawn = drawn_proteins(ASKED, 4, setting.seed).tolist()
    assert len(drawn) == 4
    learned = [weights_of_model(MODEL.model, sequence) for sequence in PROTEINS]
    moved = left_out(MODEL.model, PROTEINS)
    taus = [slow_tau(learned[place], moved[place]) for place in drawn]
    row = of[LEFT_OUT, LEARNED]
    assert row["tau"] == pytest.approx(np.nanmean(taus), abs=1e-9)
    assert row["proteins"] == np.count_nonzero(~np.isnan(taus))
    random = with_random_weights(MODEL.model, setting.seed)
    its_own = [weights_of_model(random, sequence) for sequence in PROTEINS]
    its_moved = left_out(random, PROTEINS)
    taus = [slow_tau(its_own[place], its_moved[place]) for place in drawn]
    assert of[LEFT_OUT, RANDOMISED]["tau"] == pytest.approx(np.nanmean(taus), abs=1e-6)
    held = ResidueScores(MODEL, setting).of(HELD, ASKED)
    of_learned = np.array([slow_tau(one, other) for one, other in zip(learned, held, strict=True)])
    shifted = ResidueScores(MODEL, setting).of("shifted", ASKED)
    of_shifted = np.array([slow_tau(one, other) for one, other in zip(shifted, held, strict=True)])
    assert of[HELD, LEARNED]["tau"] == pytest.approx(np.nanmean(of_learned), abs=1e-9)
    assert of[HELD, LEARNED]["deviation"] == pytest.approx(np.nanstd(of_learned, ddof=1), abs=1e-9)
    assert of[HELD, "shifted"]["difference"] == pytest.approx(np.nanmean(of_learned - of_shifted), abs=1e-9)
    assert len(tested.findings) == len(MEASURES)
    assert not any(sentence.endswith(".") for sentence in tested.findings)


def test_fewer_proteins_are_some_of_more_and_are_not_left_out_again(tmp_path: Path) -> None:
    setting = setting_of([MODEL], tmp_path)
    fewer, more = (set(drawn_proteins(ASKED, number, setting.seed).tolist()) for number in (2, 5))
    assert fewer < more
    first = Correlation(left_out=2).run(setting)
    made = setting.parts.made
    assert Correlation(left_out=2).run(setting).tables == first.tables
    assert setting.parts.made == made
