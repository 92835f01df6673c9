"""What filters see: activations and logos against loops in plain Python, and what must hold of random weights."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from psl_eval.experiments.figures import new_figure
from psl_eval.experiments.filters.attention_at_ends import END_ROWS
from psl_eval.experiments.filters.experiment import Filters
from psl_eval.experiments.filters.filter_rows import FILTER_ROWS, Looking, places
from psl_eval.experiments.filters.findings import findings
from psl_eval.experiments.filters.logos import (
    background_of,
    consensus,
    counts_of,
    draw_logo,
    frequencies_of,
    information,
    visible,
)
from psl_eval.experiments.filters.peaks import Peaks, convolutions_of, highest, peaks_of, peaks_table, widths_of
from psl_eval.experiments.filters.residue_importance import RESIDUE_ROWS
from psl_eval.experiments.parts import parts_of
from psl_eval.statistics.rows import table_of
from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from psl_models.encoding import encode
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import CLASSES

SEQUENCES = ["MKLVAGSTPEDFWYHCNQRIK", "MAR", "MKKKKLLLSSPTRG"]


@pytest.mark.parametrize("architecture", ["cnn-bilstm-small", "conv-blstm-attention"])
def test_peaks_are_those_of_each_protein_alone(architecture: str) -> None:
    model = named(architecture).model
    convolutions = convolutions_of(named(architecture))
    table = peaks_table(model, convolutions, SEQUENCES, 1, nothing)
    peaks = peaks_of(table, len(SEQUENCES))
    widths = widths_of(convolutions)
    assert peaks.activations.shape == (3, len(widths))
    embedding = model.network.embedding.table.weight.detach().numpy()
    number = 0
    for convolution in convolutions.convolutions:
        weight, bias = convolution.weight.detach().numpy(), convolution.bias.detach().numpy()
        for channel in range(len(weight)):
            half = widths[number] // 2
            for protein, sequence in enumerate(SEQUENCES):
                vectors = np.pad(embedding[encode(sequence)], ((half, half), (0, 0)))
                values = [
                    float((vectors[place : place + widths[number]].T * weight[channel]).sum() + bias[channel])
                    for place in range(len(sequence))
                ]
                assert peaks.activations[protein, number] == pytest.approx(max(values), abs=1e-4)
                assert values[peaks.positions[protein, number]] == pytest.approx(max(values), abs=1e-4)
            number += 1


def test_places_where_a_filter_fires_alike_are_drawn_from_evenly() -> None:
    seeing = named("conv-blstm-attention")
    rng = np.random.default_rng(4)
    sequences = ["".join(rng.choice(list("AK"), 40)) for _ in range(400)]
    peaks = peaks_of(peaks_table(seeing.model, convolutions_of(seeing), sequences, 1, nothing), 400)
    assert abs(peaks.positions[:, 0].mean() - 19.5) < 4 * (40 / 12**0.5) / 400**0.5  # a filter of width 1
    alone = peaks_of(peaks_table(seeing.model, convolutions_of(seeing), sequences[7:8], 1, nothing), 1)
    np.testing.assert_array_equal(alone.positions[0, :3], peaks.positions[7, :3])


def test_a_model_without_convolutions_is_an_error() -> None:
    with pytest.raises(UsageError, match="bilstm has no filters, for it is of the architecture bilstm"):
        convolutions_of(named())


@pytest.mark.parametrize("pooling", ["last", "uniform"])
def test_a_method_that_cannot_explain_a_model_is_an_error_before_anything_is_worked_out(
    tmp_path: Path, pooling: str
) -> None:
    experiment = Filters(method="attention")
    with parts_of(tmp_path / "filters", "test") as parts, pytest.raises(UsageError, match="has no attention"):
        experiment.run([named("cnn-bilstm-small", pooling)], asked_of(SEQUENCES), parts, nothing)
    assert not (tmp_path / "filters").exists()


def test_proteins_in_which_a_filter_is_silent_are_not_in_its_logo() -> None:
    peaks = Peaks(np.array([[0.0], [2.0], [3.0], [-1.0], [2.0]], np.float32), np.zeros((5, 1), np.int64))
    assert highest(peaks, 0, 10).tolist() == [2, 1, 4]
    assert highest(peaks, 0, 2).tolist() == [2, 1]


def test_windows_are_cut_at_the_ends_of_proteins() -> None:
    counts = counts_of(["MKL", "AXC"], np.array([0, 1]), 3)
    found = [{STANDARD[column]: int(row[column]) for column in row.nonzero()[0]} for row in counts]
    assert found == [{"A": 1}, {"M": 1}, {"K": 1, "C": 1}]


def test_information_of_a_column() -> None:
    background = background_of(["ACDE" * 5])
    counts = np.zeros((2, 20))
    counts[0, STANDARD.index("A")] = 8
    frequencies = frequencies_of(counts, background, 2.0)
    assert frequencies.sum(axis=1) == pytest.approx(1)
    np.testing.assert_allclose(frequencies[1], background)  # nothing was counted there
    expected = sum(p * math.log2(p / q) for p, q in zip(frequencies[0], background, strict=True))
    assert information(frequencies, background) == pytest.approx([expected, 0])
    assert consensus(frequencies, background)[0] == "A"
    assert consensus(frequencies, background)[1].islower()


def test_letters_too_small_to_be_seen_leave_stacks_as_high_as_they_are() -> None:
    heights = np.array([[0.5, 0.01, 0.3], [0.002, 0.001, 0.0], [0.0, 0.0, 0.0]])
    seen = visible(heights)
    np.testing.assert_allclose(seen.sum(axis=1), heights.sum(axis=1))
    assert (seen > 0).tolist() == [[True, False, True], [True, False, False], [False] * 3]
    assert seen[0, 0] / seen[0, 2] == pytest.approx(0.5 / 0.3)


def test_a_logo_is_as_high_as_its_information() -> None:
    background = background_of([STANDARD])
    frequencies = frequencies_of(counts_of(["MKL", "MRL", "MKA"], np.array([1, 1, 1]), 3), background, 1.0)
    axes = new_figure(2, 1).subplots()
    draw_logo(axes, frequencies, background)
    tops = [0.0, 0.0, 0.0]
    for letter in axes.patches:
        box = letter.get_path().get_extents()
        place = round((box.x0 + box.x1) / 2) + 1
        tops[place] = max(tops[place], box.y1)
    assert tops == pytest.approx(information(frequencies, background).tolist())


def test_a_filter_that_fires_at_a_motif_shows_it_with_its_class_and_place() -> None:
    rng = np.random.default_rng(6)
    sequences = ["".join(rng.choice(list("ACDEFGHI"), 60)) for _ in range(80)]
    labels = ["Nucleus" if number < 20 else "Cytoplasm" for number in range(80)]
    sequences[:20] = [f"{sequence[:4]}KRK{sequence[7:]}" for sequence in sequences[:20]]
    at = np.array([5 if number < 20 else 30 for number in range(80)])
    fires = np.array([2.0 if number < 20 else 1.0 for number in range(80)], np.float32)
    silent = np.full(80, -1.0, np.float32)
    peaks = Peaks(np.stack([fires, silent], 1), np.stack([at, at], 1))
    asked = asked_of(sequences, labels)
    motif, never = Looking(100, 2.0, 10, 1).filters(peaks, [3, 3], asked)
    assert (motif.row["filter"], never.row["filter"]) == ("3-1", "3-2")
    assert (motif.row["windows"], motif.row["consensus"]) == (20, "KRK")  # a quarter of the proteins, the strongest
    assert (motif.row["class"], motif.row["class_share"], motif.row["class_share_all"]) == ("Nucleus", 1.0, 0.25)
    assert motif.row["class_q_value"] < 1e-12
    assert (motif.row["from_start"], motif.row["from_end"]) == (5, 54)
    assert (motif.row["near_start"], motif.row["near_end"]) == (1.0, 0.0)
    assert motif.row["near_start_chance"] == pytest.approx(10 / 60)
    assert motif.row["near_start_q_value"] == pytest.approx(2 * (1 / 6) ** 20)  # all twenty; the other has no p-value
    assert not any(name.endswith("_p") for name in motif.row)
    np.testing.assert_allclose(motif.along, 5 / 59)
    assert motif.gain > 5
    assert (never.row["windows"], never.row["fires"]) == (0, 0.0)
    assert "consensus" not in never.row


def test_filters_that_fire_anywhere_prefer_an_end_no_more_often_than_the_level_says() -> None:
    """As places are counted, p-values are rather too large than too small."""
    rng = np.random.default_rng(7)
    rows = []
    for _ in range(1000):
        lengths = rng.integers(40, 600, 30)
        rows.append(places(rng.integers(0, lengths), lengths, 30))
    for end in ("near_start", "near_end"):
        p_values = np.array([row[f"{end}_p"] for row in rows])
        assert 0.015 < (p_values < 0.05).mean() < 0.06
        assert 0.15 < (p_values < 0.3).mean() < 0.33


def test_findings_name_what_is_more_than_with_random_weights() -> None:
    fires = {"model": "m", "filter": "3-1", "width": 3, "fires": 1.0, "windows": 25, "information": 7.0}
    fires |= {"information_chance": 2.0, "near_start": 0.4, "near_start_chance": 0.1, "near_end": 0.0}
    fires |= {"near_end_chance": 0.1, "near_end_q_value": 0.01, "class_q_value": 0.2, "near_start_q_value": 0.01}
    silent = {"model": "m", "weights": "random", "filter": "3-1", "width": 3, "fires": 0.0, "windows": 0}
    untrained = [
        silent | {"draw": 1},
        fires | {"weights": "random", "draw": 2, "information": 6.0},
        fires | {"weights": "random", "draw": 3, "class_q_value": 0.01},
    ]
    of_random = {"random_weights": 1.0, "random_low": 0.8, "random_high": 1.2}
    end = {"model": "m", "class": "A", "residues": 30, "proteins": 9, "low": 2.0, "high": 4.0} | of_random
    end |= {"q_value": 0.01, "rotated_q_value": 0.02}
    ends = [
        end | {"end": "N", "mean": 3.0, "difference": 2.0},
        end | {"end": "C", "mean": 0.5, "difference": -0.5},  # less than random weights
        end | {"class": "B", "end": "N", "mean": 3.0, "difference": 2.0, "rotated_q_value": 0.2},  # as anywhere
        end | {"class": "B", "end": "C", "mean": 3.0, "difference": 2.0, "q_value": 0.2},  # as random weights
    ]
    of_residue = {"model": "m", "class": "A", "proteins": 9, "low": 0.1, "high": 3.0, "q_value": 0.01} | of_random
    residues = [
        of_residue | {"residue": "K", "mean": 1.0, "random_weights": 0.0, "difference": 1.0},
        of_residue | {"residue": "D", "mean": 2.0, "random_weights": 2.5, "difference": -0.5},
        of_residue | {"residue": "E", "mean": 2.0, "random_weights": 0.0, "difference": 2.0, "q_value": 0.2},
        of_residue | {"residue": "F", "mean": 2.0, "low": -0.1, "random_weights": 0.0, "difference": 2.0},
        of_residue | {"class": "B", "residue": "K", "proteins": 5, "mean": 3.0, "difference": 3.0},
        # Few proteins of class A have a Y, of class B no residue is in enough.
        of_residue | {"residue": "Y", "proteins": 2, "mean": 9.0, "difference": 9.0},
        of_residue | {"class": "B", "residue": "Y", "proteins": 1, "mean": 9.0, "difference": 9.0},
    ]
    tables = {
        "filters": table_of([fires | {"weights": "trained"}, *untrained], FILTER_ROWS),
        "attention-at-ends": table_of(ends, END_ROWS),
        "residues": table_of(residues, RESIDUE_ROWS),
    }
    assert findings(tables, 3) == (
        "m, trained weights: 1 of 1 filters fire; their logos, of 25 stretches at most, hold 5.0 bits more than random "
        "places (median); those that prefer a class: 0, the N-terminus: 1, the C-terminus: 0 (q < 0.05)",
        "m, 3 draws of random weights: 0 to 1 of 1 filters fire; their logos, of 25 stretches at most, hold 4.0 to 5.0 "
        "bits more than random places (median); those that prefer a class: 0 to 1, the N-terminus: 0 to 1, the "
        "C-terminus: 0 (q < 0.05)",
        "m: it gives the first 30 residues of A 3.0 times an even share of its attention (2.0 to 4.0; random weights "
        "1.0, within 0.8 to 1.2; 9 proteins; q = 0.02)",
        "m: K speaks for A most, mean attribution 1.00 (0.10 to 3.00; random weights 0.00, within 0.80 to 1.20; 9 "
        "proteins; q = 0.01)",
        "m: too few proteins to say anything of residues, fewer than 6: B",
    )


def test_findings_say_that_draws_are_too_few_or_that_nothing_stands_out() -> None:
    silent = {"model": "m", "filter": "3-1", "width": 3, "fires": 0.0, "windows": 0}
    untested = {"model": "m", "class": "A", "proteins": 9, "mean": 1.0, "low": 0.1, "high": 3.0, "difference": 1.0}
    tables = {
        "filters": table_of(
            [silent | {"weights": "trained"}, *(silent | {"weights": "random", "draw": n} for n in (1, 2, 3))],
            FILTER_ROWS,
        ),
        "attention-at-ends": table_of([untested | {"end": "N", "residues": 30}], END_ROWS),
        "residues": table_of([untested | {"residue": "K"}], RESIDUE_ROWS),
    }
    assert findings(tables, 2) == (
        "m, trained weights: none of 1 filters ever fires",
        "m, 2 draws of random weights: none of 1 filters ever fires",
        "m: too few draws of random weights to say what goes beyond them: 2, at least 3 are needed",
    )
    few = {
        name: table_of(
            [row | {"proteins": 5 if "proteins" in row else None} for row in table.to_pylist()], table.schema
        )
        for name, table in tables.items()
    }
    assert findings(few, 3)[2:] == (  # what could not be shown was not looked for in vain
        "m: too few proteins to say anything of attention, fewer than 6: A",
        "m: too few proteins to say anything of residues, fewer than 6: A",
    )
    assert findings(tables, 3)[2:] == (
        "m: in no class does it attend to either end more than to other places, and more than random weights do "
        "(q < 0.05)",
        "m: no residue speaks for a class more than with random weights (q < 0.05)",
    )


def test_the_experiment_from_end_to_end(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    asked = asked_of(["".join(rng.choice(list(STANDARD), 30)) for _ in range(12)], CLASSES[:2])
    models = [named("conv-blstm-attention"), named("cnn-bilstm-small", "last")]
    experiment = Filters(method="saliency", draws=3, windows=8, near=5, reach=10, shown=2, resamples=20)
    with torch.random.fork_rng(), parts_of(tmp_path / "filters", "test") as parts:
        result = experiment.run(models, asked, parts, nothing)
        made = parts.made
    rows = [row for row in result.table.to_pylist() if row["model"] == "conv-blstm-attention"]
    assert [row["filter"] for row in rows[:9]] == [f"{width}-{n}" for width in (1, 3, 21) for n in (1, 2, 3)]
    assert [(row["weights"], row["draw"]) for row in rows[::9]] == [
        ("trained", None),
        *(("random", draw) for draw in (1, 2, 3)),
    ]
    seen = [[row["information"] for row in rows if row["draw"] == draw] for draw in (1, 2, 3)]
    assert len({tuple(each) for each in seen}) == 3  # each draw is another network
    assert max(row["windows"] for row in rows) == 3
    assert all(row["near_start_chance"] == pytest.approx(5 / 30) for row in rows if row["windows"])
    logos = result.tables["logos"].to_pylist()
    assert len(logos) == 4 * 3 * (1 + 3 + 21) + 4 * 3 * (3 + 5)
    assert all(sum(row[residue] for residue in STANDARD) == pytest.approx(1) for row in logos)
    assert set(result.tables["attention-at-ends"]["model"].to_pylist()) == {"conv-blstm-attention"}
    assert set(result.figures) == {
        "filters-conv-blstm-attention",
        "attention-conv-blstm-attention",
        "residues-conv-blstm-attention",
        "filters-cnn-bilstm-small",
        "residues-cnn-bilstm-small",
    }
    assert result.findings[0].startswith("conv-blstm-attention, trained weights: ")
    assert "cnn-bilstm-small: it has no attention to show by class" in result.findings
    with parts_of(tmp_path / "filters", "test") as parts:
        again = experiment.run(models, asked, parts, nothing)
        assert (parts.found, parts.made) == (made, 0)
    assert all(again.tables[name].equals(table) for name, table in result.tables.items())
