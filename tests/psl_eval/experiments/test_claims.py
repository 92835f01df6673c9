"""Claims: what each test says of tables that are known, and what is said where they are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

from psl_eval.experiments.claims.evidence import Missing, above_chance, accuracies, confidence, equal_by, higher_than
from psl_eval.experiments.claims.experiment import SOURCES, judge
from psl_eval.experiments.claims.stated import CLAIMS
from psl_index.errors import InputError


def trainings(values: dict[tuple[str, str | None], list[float]]) -> list[dict[str, Any]]:
    """Rows of accuracy-table's trainings, by arm and attention."""
    return [
        {"split": "study", "arm": arm, "layout": "correct", "attention": attention, "seed": seed, "accuracy": value}
        for (arm, attention), accuracies_of in values.items()
        for seed, value in enumerate(accuracies_of, start=1)
    ]


def test_equality_is_two_one_sided_tests() -> None:
    a, b = [0.70, 0.71, 0.69, 0.70], [0.695, 0.705, 0.70]
    keyed = [{("study", seed): value for seed, value in enumerate(values)} for values in (a, b)]
    found = equal_by(0.02, *keyed, paired=False)
    below = scipy.stats.ttest_ind(np.array(a) + 0.02, b, equal_var=False, alternative="greater").pvalue
    above = scipy.stats.ttest_ind(np.array(a) - 0.02, b, equal_var=False, alternative="less").pvalue
    assert found.p_value == pytest.approx(max(below, above))
    assert found.estimate == pytest.approx(np.mean(a) - np.mean(b))
    interval = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_equality_of_the_same_trainings_is_paired() -> None:
    a, b = [0.70, 0.60, 0.65], [0.69, 0.595, 0.64]
    keyed = [{("study", seed): value for seed, value in enumerate(values)} for values in (a, b)]
    found = equal_by(0.02, *keyed, paired=True)
    below = scipy.stats.ttest_rel(np.array(a) + 0.02, b, alternative="greater").pvalue
    above = scipy.stats.ttest_rel(np.array(a) - 0.02, b, alternative="less").pvalue
    assert found.p_value == pytest.approx(max(below, above))
    interval = scipy.stats.ttest_rel(a, b).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert equal_by(0.02, *keyed, paired=False).p_value > found.p_value


def test_the_contrary_of_equality_is_a_difference_beyond_the_margin() -> None:
    a, b = [0.70, 0.60, 0.65], [0.50, 0.42, 0.44]
    found = equal_by(
        0.02, *({("study", seed): value for seed, value in enumerate(each)} for each in (a, b)), paired=True
    )
    beyond = scipy.stats.ttest_rel(np.array(a) - 0.02, b, alternative="greater").pvalue
    assert found.p_contrary == pytest.approx(beyond)


@pytest.mark.parametrize(("value", "p_value"), [(0.71, 0.0), (0.75, 1.0)])
def test_figures_that_do_not_scatter_are_compared_as_they_are(value: float, p_value: float) -> None:
    keyed = [{("study", 1): each, ("study", 2): each} for each in (0.7, value)]
    assert equal_by(0.02, *keyed, paired=True).p_value == p_value


def test_accuracies_are_of_one_arm_and_way_of_asking() -> None:
    rows = trainings({("bilstm-attention", "learned"): [0.7, 0.71], ("bilstm-attention", "permuted"): [0.5, 0.6]})
    tables = {("accuracy-table", "trainings"): [*rows, rows[0] | {"layout": "released", "accuracy": 0.1}]}
    of_checkpoint = rows[0] | {"seed": None, "accuracy": 0.2}
    elsewhere = rows[0] | {"split": "official", "accuracy": 0.3}
    tables["accuracy-table", "trainings"] += [of_checkpoint, elsewhere]
    assert accuracies(tables, "bilstm-attention") == {("study", 1): 0.7, ("study", 2): 0.71}
    assert accuracies(tables, "bilstm-attention", "permuted") == {("study", 1): 0.5, ("study", 2): 0.6}
    with pytest.raises(Missing, match="two trainings of mlp-uniform"):
        accuracies(tables, "mlp-uniform")


def compared(method: str, reference: str | None, difference: float, p_value: float) -> dict[str, Any]:
    return {
        "model": "m", "definition": "paper",
        "exclusion": "self", "against": "predicted", "subset": "all", "lengths": "standardised",
        "method": method, "reference": reference, "difference": difference, "low": difference - 0.01,
        "high": difference + 0.02, "p_value": p_value, "proteins_scored": 9,
    }  # fmt: skip


def test_a_pair_is_found_whichever_way_round_it_stands() -> None:
    tables = {("hit-rate-table", "comparison"): [compared("permuted", "attention", -0.05, 0.04)]}
    found = higher_than(tables, "attention", "permuted", "self")
    assert (found.estimate, found.low, found.high) == pytest.approx((0.05, 0.03, 0.06))
    assert found.p_value == pytest.approx(0.02)
    other = higher_than(tables, "permuted", "attention", "self")
    assert (other.estimate, other.p_value) == pytest.approx((-0.05, 0.98))
    with pytest.raises(Missing, match="attention beside random with exclusion self"):
        higher_than(tables, "attention", "random", "self")


def test_chance_and_confidence_are_read_from_all_predictions() -> None:
    row = {
        "model": "m", "definition": "paper",
        "explanation": "attention", "exclusion": "self", "against": "predicted", "subset": "all",
        "null": "window", "hit_rate": 0.2, "low": 0.15, "high": 0.25, "null_hit_rate": 0.1, "p_value": 0.001,
        "proteins_scored": 9, "draws": 999,
    }  # fmt: skip
    tables = {("hit-rate-table", "hit-rate-table"): [
        row | {"subset": "correct", "hit_rate": 0.9}, row | {"definition": "released", "hit_rate": 0.9}, row
    ]}  # fmt: skip
    # One draw of a thousand counts as reached, the observed one; all of them are at most as high.
    assert above_chance(tables, "attention", "self")[:5] == pytest.approx((0.1, 0.05, 0.15, 0.001, 1.0))
    judged = {
        "model": "m", "definition": "paper",
        "explanation": "attention", "exclusion": "self", "class": None, "form": "single-label",
        "estimate": 0.7, "low": 0.6, "high": 0.8, "p_value": 0.01, "proteins": 9,
    }  # fmt: skip
    tables = {("hit-rate-table", "confidence"): [judged | {"class": "Nucleus", "estimate": 0.2}, judged]}
    assert confidence(tables, "attention", "self")[:4] == pytest.approx((0.2, 0.1, 0.3, 0.005))


def written(folder: Path, experiment: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    (folder / experiment).mkdir(parents=True)
    for name, rows in tables.items():
        (folder / experiment / f"{name}.json").write_text(json.dumps(rows))
    manifest = {
        "format": "pslidx experiment",
        "experiment": experiment,
        "tables": list(tables),
        "settings": {"seed": 3},
    }
    (folder / experiment / "manifest.json").write_text(json.dumps(manifest))


def test_claims_are_judged_by_what_is_there_with_holm_over_them(tmp_path: Path) -> None:
    arms = {
        ("bilstm-attention", "learned"): [0.700, 0.701, 0.699],
        ("bilstm-uniform", None): [0.7005, 0.6995, 0.700],
        ("bilstm-attention", "permuted"): [0.45, 0.5, 0.55],
    }
    written(tmp_path, "accuracy-table", {"trainings": trainings(arms)})
    written(tmp_path, "hit-rate-table", {"comparison": [compared("permuted", "attention", -0.05, 0.002)]})
    result = judge(tmp_path)
    rows = {row["claim"]: row for row in result.table.to_pylist()}
    assert list(rows) == [claim.name for claim in CLAIMS]
    judged = [name for name, row in rows.items() if row["missing"] is None]
    assert judged == ["C1", "C2", "C9"]
    assert [rows[name]["verdict"] for name in judged] == ["holds", "does not hold", "holds"]
    for name, corrected in (("p_value", "p_holm"), ("p_contrary", "p_contrary_holm")):
        p_values = sorted(rows[claim][name] for claim in judged)
        assert sorted(rows[claim][corrected] for claim in judged)[0] == pytest.approx(3 * p_values[0])
    assert rows["C14"]["missing"] == "attention-tests"
    assert result.settings["results"]["accuracy-table"] == {"seed": 3}
    assert len(result.findings) == len(CLAIMS)
    assert "C2, permuting its attention leaves its accuracy as it is: does not hold; +0.200" in result.findings[1]
    assert "Holm's p of the contrary" in result.findings[1]


def test_what_is_neither_shown_nor_refuted_is_not_shown(tmp_path: Path) -> None:
    written(tmp_path, "hit-rate-table", {"comparison": [compared("permuted", "attention", -0.05, 0.2)]})
    row = next(row for row in judge(tmp_path).table.to_pylist() if row["claim"] == "C9")
    assert (row["p_value"], row["p_contrary"]) == pytest.approx((0.1, 0.9))
    assert row["verdict"] == "not shown"


def test_a_folder_without_results_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished result of accuracy-table, hit-rate-table, attention-tests"):
        judge(tmp_path)
    written(tmp_path, "accuracy-table", {"trainings": []})
    (tmp_path / "accuracy-table" / "trainings.json").write_text("[")
    with pytest.raises(InputError, match=r"trainings\.json: damaged .*; run its experiment again"):
        judge(tmp_path)
    assert set(SOURCES) >= {"accuracy-table"}
