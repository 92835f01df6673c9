"""Global importance against a plain loop, the laws of a network that adds residues up, and resumption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from psl_eval.experiments.importance.backgrounds import draw_backgrounds
from psl_eval.experiments.importance.experiment import GlobalImportance
from psl_eval.experiments.importance.insertion import Insertion, Part
from psl_eval.experiments.importance.patterns import Pattern, motif, subsequence
from psl_eval.experiments.importance.variations import at_positions, at_spacings, in_both_orders, with_copies
from psl_eval.experiments.parts import Parts, parts_of
from psl_eval.experiments.result import Result
from psl_eval.explanations.asked import Asked
from psl_index.errors import UsageError
from psl_models.encoding import TOKENS, encode
from psl_models.prediction import predict
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import CLASSES, small_model

LETTERS = TOKENS[:20]


@pytest.fixture
def asked() -> Asked:
    """Twelve proteins of 31 to 42 residues."""
    rng = np.random.default_rng(3)
    return asked_of(["M" + "".join(rng.choice(list(LETTERS), 30 + protein)) for protein in range(12)], CLASSES)


def ran(
    experiment: GlobalImportance, asked: Asked, patterns: Sequence[Pattern], folder: Path, network: str = "bilstm"
) -> tuple[Result, Parts]:
    model = named(network, "uniform" if network == "mlp" else "attention")
    with parts_of(folder / "out", "test") as parts:
        return experiment.run([model], asked, patterns, parts, nothing), parts


def test_importance_is_the_mean_over_proteins_of_the_mean_change_of_a_logit(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=30, positions=(6, -1), resamples=50, seed=2)
    result, _ = ran(experiment, asked, [subsequence("KKRKV")], tmp_path)
    backgrounds = draw_backgrounds("dipeptide", [encode(sequence) for sequence in asked.sequences], 30, seed=2)
    model = small_model("bilstm", "attention")
    rows = iter(result.table.to_pylist())
    for position in (6, -1):
        changes = []
        for tokens in backgrounds.tokens:
            text = "".join(TOKENS[token] for token in tokens)
            start = position - 1 if position > 0 else len(text) - 5
            written = text[:start] + "KKRKV" + text[start + 5 :]
            before, after = (predict(model, [sequence]).logits[0] for sequence in (text, written))
            changes.append(after.astype(float) - before)
        of_protein = np.array([np.mean(np.array(changes)[backgrounds.templates == n], axis=0) for n in range(12)])
        p_values = scipy.stats.ttest_1samp(of_protein, 0).pvalue
        for number, name in enumerate(CLASSES):
            row = next(rows)
            assert (row["class"], row["position"], row["backgrounds"]) == (name, position, 30)
            mean = of_protein[:, number].mean()
            assert row["importance"] == pytest.approx(mean, abs=1e-5)
            assert abs(mean - np.mean(changes, axis=0)[number]) > 1e-4  # of six proteins there are three backgrounds
            assert row["effect_size"] == pytest.approx(mean / of_protein[:, number].std(ddof=1), rel=1e-3)
            assert row["p_value"] == pytest.approx(p_values[number], rel=1e-3)
            assert row["low"] < row["importance"] < row["high"]
            assert row["difference"] == pytest.approx(row["importance"] - row["expected"], abs=1e-6)


@pytest.mark.parametrize("vary", ["position", "copies", "spacing", "order"])
def test_where_residues_add_up_nothing_but_residues_counts(vary: str, asked: Asked, tmp_path: Path) -> None:
    # An MLP whose states are averaged: the logit is a sum over residues, whatever their order.
    patterns = [subsequence("KKRKV"), subsequence("WDWGE")][: 2 if vary in ("spacing", "order") else 1]
    experiment = GlobalImportance(
        vary=vary, number=12, positions=(4,), spacings=(0, 3), copies=3, gap=2, resamples=20, backgrounds=("shuffled",)
    )
    result, _ = ran(experiment, asked, patterns, tmp_path, "mlp")
    rows = result.table.to_pylist()
    assert len(rows) == 3 * {"position": 1, "copies": 3, "spacing": 2, "order": 2}[vary]
    for row in rows:
        assert abs(row["difference"]) < 1e-5
        assert abs(row["importance"]) > 1e-3


def test_synergy_is_what_the_two_do_beyond_the_sum(asked: Asked, tmp_path: Path) -> None:
    first, second = subsequence("KKRKV"), subsequence("WDWG")
    experiment = GlobalImportance(vary="spacing", number=12, positions=(4,), spacings=(2,), resamples=20)
    row = ran(experiment, asked, [first, second], tmp_path)[0].table.to_pylist()[0]
    backgrounds = draw_backgrounds("dipeptide", [encode(sequence) for sequence in asked.sequences], 12, seed=1)
    model = small_model("bilstm", "attention")

    def f(*texts_at: tuple[str, int]) -> float:
        written = []
        for tokens in backgrounds.tokens:
            text = "".join(TOKENS[token] for token in tokens)
            for residues, start in texts_at:
                text = text[:start] + residues + text[start + len(residues) :]
            written.append(text)
        return float(predict(model, written).logits[:, 0].mean())

    a, b = ("KKRKV", 3), ("WDWG", 10)
    assert row["importance"] == pytest.approx(f(a, b) - f(), abs=1e-5)
    assert row["difference"] == pytest.approx(f(a, b) - f(a) - f(b) + f(), abs=1e-5)


@pytest.mark.parametrize(("vary", "places"), [("substitutions", [1, 2, 3]), ("flanks", [-2, -1, 1, 2])])
def test_every_residue_at_every_place(vary: str, places: list[int], asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(
        vary=vary, number=5, positions=(8,), flank=2, resamples=10, classes=("Nucleus",), backgrounds=("profile",)
    )
    rows = ran(experiment, asked, [subsequence("KRK")], tmp_path)[0].table.to_pylist()
    assert [(row["offset"], row["residue"]) for row in rows] == [(place, each) for place in places for each in LETTERS]
    of_residue = {(row["offset"], row["residue"]): row["difference"] for row in rows}
    if vary == "substitutions":
        assert [of_residue[place, "KRK"[place - 1]] for place in places] == [0.0, 0.0, 0.0]
    others = [each for (place, residue), each in of_residue.items() if vary == "flanks" or residue != "KRK"[place - 1]]
    assert all(each != 0 for each in others)


def test_what_is_the_same_in_all_proteins_cannot_be_tested(asked: Asked, tmp_path: Path) -> None:
    # Of one length, to a network that adds residues up: whatever a W becomes, the change is that of one residue.
    alike = asked_of(["M" + "A" * 9 + each + "W" for each in ("KL", "LK", "RS", "SR", "KS", "RL")], CLASSES)
    experiment = GlobalImportance(
        number=6, positions=(-1,), resamples=10, backgrounds=("proteins",), classes=("Nucleus",)
    )
    result, _ = ran(experiment, alike, [subsequence("D")], tmp_path, "mlp")
    (row,) = result.table.to_pylist()
    assert abs(row["importance"]) > 1e-3
    assert row["low"] == pytest.approx(row["importance"], abs=1e-5)
    assert (row["p_value"], row["q_value"], row["effect_size"]) == (None, None, None)
    assert result.findings == (
        "mlp, proteins: the changes of each logit are the same in all proteins, which leaves nothing to test",
    )


def test_proteins_of_the_class_are_no_background_for_it(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(backgrounds=("proteins",), number=100, positions=(0,), resamples=10)
    rows = ran(experiment, asked, [subsequence("KKRKV")], tmp_path)[0].table.to_pylist()
    assert [row["backgrounds"] for row in rows] == [8, 8, 8]


def test_a_copy_of_a_protein_of_the_class_is_no_background_for_it(asked: Asked, tmp_path: Path) -> None:
    copies = asked_of([*asked.sequences, asked.sequences[0]], [*CLASSES] * 4 + [CLASSES[1]])
    experiment = GlobalImportance(backgrounds=("proteins",), number=100, positions=(0,), resamples=10)
    rows = ran(experiment, copies, [subsequence("KKRKV")], tmp_path)[0].table.to_pylist()
    assert [row["backgrounds"] for row in rows] == [8, 7, 8]


def test_backgrounds_without_room_are_left_out(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=12, positions=(36, 100), resamples=10, classes=("Nucleus",))
    result, _ = ran(experiment, asked, [subsequence("KKRKV")], tmp_path)
    near, far = result.table.to_pylist()
    assert near["backgrounds"] == sum(len(sequence) >= 40 for sequence in asked.sequences)
    assert (far["backgrounds"], far["importance"], far["p_value"], far["q_value"]) == (0, None, None, None)


def test_a_run_goes_on_from_what_is_done(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=5, positions=(0, -1), resamples=10)
    first, parts = ran(experiment, asked, [subsequence("KKRKV")], tmp_path)
    assert (parts.found, parts.made) == (0, 5)  # the backgrounds, and twice a pattern and its control
    again, parts = ran(experiment, asked, [subsequence("KKRKV"), motif("S-K-L>")], tmp_path)
    assert (parts.found, parts.made) == (5, 2)
    assert again.table.slice(0, 3).drop(["q_value", "difference_q"]) == first.table.slice(0, 3).drop(
        ["q_value", "difference_q"]
    )
    _, parts = ran(replace(experiment, seed=9), asked, [subsequence("KKRKV")], tmp_path)
    assert parts.found == 0


def test_random_weights_are_asked_too(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=5, positions=(0,), resamples=10, random_weights=True)
    result, _ = ran(experiment, asked, [subsequence("KKRKV")], tmp_path)
    names = [row["model"] for row in result.table.to_pylist()]
    assert names == ["bilstm"] * 3 + ["bilstm, weights randomised"] * 3
    titles = {name: figure.get_suptitle() for name, figure in result.figures.items()}
    assert titles == {
        "global-importance": "bilstm, background: dipeptide",
        "global-importance-2": "bilstm, weights randomised, background: dipeptide",
    }


@pytest.mark.parametrize(
    ("choices", "patterns", "problem"),
    [
        ({"classes": ("Vacuole",)}, ["K"], "bilstm knows no class 'Vacuole'"),
        ({"vary": "spacing"}, ["K"], "spacing is of two patterns, found 1"),
        ({"vary": "colour"}, ["K"], "cannot vary 'colour'"),
        ({"vary": "substitutions"}, ["K-x(1,2)-R"], "has no length of its own"),
        ({"vary": "order"}, ["K", "S-K-L>"], "has one place only"),
        ({"vary": "spacing"}, ["S-K-L>", "K"], "'S-K-L>' cannot stand before 'K'"),
        ({}, ["<K-x-R>"], "would have to be a whole protein"),
        ({}, ["K", "K"], "two patterns have the name 'K'"),
        ({}, [], "no pattern"),
    ],
)
def test_what_makes_no_sense(
    choices: dict[str, object], patterns: list[str], problem: str, asked: Asked, tmp_path: Path
) -> None:
    experiment = replace(GlobalImportance(number=5, positions=(0,)), **choices)
    with pytest.raises(UsageError, match=problem):
        ran(experiment, asked, [motif(text) for text in patterns], tmp_path)


def test_anchored_motifs_have_one_place(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=5, positions=(1, 0, -1), resamples=10, classes=("Nucleus",))
    rows = ran(experiment, asked, [motif("S-K-L>"), motif("<M-W-W")], tmp_path)[0].table.to_pylist()
    assert [(row["pattern"], row["position"]) for row in rows] == [("S-K-L>", -1), ("<M-W-W", 1)]
    written = Insertion((Part(motif("<M-W-W")),), 1).into(encode("MAAAA"), 1)
    assert written is not None
    assert written.tolist() == encode("MWWAA").tolist()


def test_the_first_place_is_behind_the_m_and_counts_once_but_for_what_may_be_the_m() -> None:
    def places(text: str, *positions: int) -> list[int]:
        return [each.about["position"] for each in at_positions(motif(text), positions)]

    assert places("K-K", 1, 2, 5, 2) == [2, 5]
    assert places("<K-K", 1, 7) == [2]
    assert places("M-K", 1, 2) == [1, 2]
    assert places("<x-K-K", 1, 7) == [1]
    begins, other = motif("M-W"), motif("K-K")
    for first, second in ((begins, other), (other, begins)):
        (compared,) = in_both_orders(first, second, 1, [3])
        assert {compared.insertion.position, compared.expected[0].position, compared.about["position"]} == {2}
    assert [each.insertion.position for each in in_both_orders(begins, motif("x-K"), 1, [3])] == [1]
    for each in (with_copies(other, 1, 1, 0), at_spacings(other, begins, 1, [0])):
        assert [compared.about["position"] for compared in each] == [2]


def test_what_is_named_twice_is_asked_once(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(
        vary="spacing", number=5, positions=(4,), spacings=(2, 0, 2), resamples=5, classes=("Nucleus", "Nucleus"),
        backgrounds=("shuffled", "profile", "shuffled"),
    )  # fmt: skip
    rows = ran(experiment, asked, [subsequence("KK"), subsequence("WD")], tmp_path)[0].table.to_pylist()
    asked_once = [(kind, spacing) for kind in ("shuffled", "profile") for spacing in (2, 0)]
    assert [(row["background"], row["spacing"]) for row in rows] == asked_once
    assert [each.about["spacing"] for each in in_both_orders(motif("K"), motif("W"), 4, [1, 1])] == [1]


def test_the_findings_name_the_largest_effect_of_each_pattern(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=12, positions=(4, 0, -1), resamples=20, backgrounds=("shuffled",))
    patterns = [subsequence("KKRKV"), subsequence("WDWGE")]
    result, _ = ran(experiment, asked, patterns, tmp_path, "mlp")
    rows = result.table.to_pylist()
    first, few, *of_patterns = result.findings
    matter, differ = (
        sum(row[name] is not None and row[name] < 0.05 for row in rows) for name in ("q_value", "difference_q")
    )
    assert first == (
        f"mlp, shuffled: {matter} of 18 changes of a logit are not by chance (q < 0.05), and {differ} of 18 are other "
        "than that of its residues in random order"
    )
    assert few == "mlp, shuffled: the backgrounds come from 12 proteins only, which is little to go by"
    assert len(of_patterns) == 2
    for sentence in of_patterns:
        pattern = sentence.removeprefix("mlp, shuffled: ").split()[0]
        own = [row for row in rows if row["pattern"] == pattern and row["q_value"] < 0.05]
        largest = max(own, key=lambda row: abs(row["importance"]))
        assert f"changes the logit of {largest['class']} most, by {largest['importance']:+.3f} (" in sentence
        assert f"its residues in random order: {largest['expected']:+.3f}, no difference beyond chance" in sentence
        assert "; least " in sentence


def test_of_many_patterns_those_with_the_largest_effects_are_named(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=12, positions=(0,), resamples=5, classes=("Nucleus",))
    patterns = [subsequence(first + second) for first in "KRDEW" for second in "ACFGS"]
    result, _ = ran(experiment, asked, patterns, tmp_path, "mlp")
    effects = {row["pattern"]: abs(row["importance"]) for row in result.table.to_pylist()}
    named_first = [sentence.removeprefix("mlp, dipeptide: ").split()[0] for sentence in result.findings[2:-1]]
    assert named_first == sorted(effects, key=lambda name: -effects[name])[:20]
    assert result.findings[-1] == "mlp, dipeptide: 5 patterns with smaller effects are in the table"


@pytest.mark.parametrize("vary", ["copies", "spacing", "substitutions", "flanks"])
def test_the_findings_say_what_was_varied(vary: str, asked: Asked, tmp_path: Path) -> None:
    patterns = [subsequence("KKRKV"), subsequence("WDWGE")][: 2 if vary == "spacing" else 1]
    experiment = GlobalImportance(
        vary=vary,
        number=12,
        positions=(8,),
        spacings=(1,),
        copies=2,
        gap=2,
        flank=1,
        classes=("Nucleus",),
        resamples=20,
    )
    result, _ = ran(experiment, asked, patterns, tmp_path)
    single = vary in ("substitutions", "flanks")
    name, q_value = ("difference", "difference_q") if single else ("importance", "q_value")
    tested = [row for row in result.table.to_pylist() if row[q_value] is not None]
    row = max(tested, key=lambda row: (row[q_value] < 0.05, abs(row[name])))
    assert row[q_value] < 0.05
    said = {
        "copies": f"KKRKV ({'1 copy' if row['copies'] == 1 else '2 copies'}, 2 residues apart) from residue 8 on",
        "spacing": "KKRKV and WDWGE (1 residue apart) from residue 8 on changes the logit of Nucleus most",
        "substitutions": f"{row['residue']} at place {row['offset']} makes the largest difference to the pattern as",
        "flanks": f"{row['residue']} at 1 {'behind' if row['offset'] == 1 else 'before'} makes the largest difference",
    }
    assert said[vary] in result.findings[-1]
    assert f"{row[name]:+.3f} (" in result.findings[-1]


@pytest.mark.parametrize(
    ("proteins", "position", "said"),
    [
        (1, 8, "too few backgrounds for a test, they come from 1 protein"),
        (12, 100, "there is no background that counts, and has room for any of the insertions"),
    ],
)
def test_too_little_for_a_test(proteins: int, position: int, said: str, asked: Asked, tmp_path: Path) -> None:
    some = asked_of(asked.sequences[:proteins], CLASSES)
    experiment = GlobalImportance(number=6, positions=(position,), resamples=10)
    result, _ = ran(experiment, some, [subsequence("KKRKV")], tmp_path)
    assert result.findings == (f"bilstm, dipeptide: {said}",)
    assert result.table["q_value"].null_count == 3
    assert list(result.figures) == ["global-importance"]


def test_false_discoveries_are_controlled_over_all_patterns(asked: Asked, tmp_path: Path) -> None:
    experiment = GlobalImportance(number=12, positions=(4, -1), resamples=10)
    table = ran(experiment, asked, [subsequence(text) for text in ("KKRKV", "WDWGE", "AAAA")], tmp_path)[0].table
    for p_values, q_values in (("p_value", "q_value"), ("difference_p", "difference_q")):
        found = table[p_values].to_numpy()
        tested = ~np.isnan(found)  # A in random order are the same, which is no test
        assert tested.sum() == (3 if p_values == "p_value" else 2) * 2 * 3
        expected = np.full(len(found), np.nan)
        expected[tested] = scipy.stats.false_discovery_control(found[tested])
        np.testing.assert_allclose(table[q_values].to_numpy(), expected)
