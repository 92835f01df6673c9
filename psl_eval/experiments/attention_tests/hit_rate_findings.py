"""What the hit rates of adversarial weights say of the hit rate, in words and as a figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from psl_eval.comparing.comparison import STANDARDISED
from psl_eval.experiments.attention_tests.sentences import number
from psl_eval.experiments.estimates import LEVEL
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.wording import counted
from psl_eval.statistics.means import holm
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

#: Of the rate of the learned weights: rates that differ by no more are the same, which is said of whole intervals only.
MARGIN: Final = 0.2
FEW: Final = 20  # pairs; below, a test finds large differences only
_WITHOUT: Final = {
    "none": "nothing left out",
    "self": "without the protein itself",
    "train": "without what the model has learned from",
    "cluster": "without the protein's cluster",
}

_MOST: Final = ("train", "cluster")


def findings(table: pa.Table) -> Iterator[str]:
    """Of each kind of weights but the learned ones, by the first definition, of what leaves out most.

    That is what the model has learned from, and the protein's cluster, neither of which contains the other; where there
    is neither, the last exclusion. p-values are corrected by Holm over the sentences of a model.
    """
    rows = table.to_pylist()
    for model in dict.fromkeys(row["model"] for row in rows):
        of_model = [row for row in rows if row["model"] == model]
        compared = {
            (row["exclusion"], row["method"], row["lengths"]): row
            for row in of_model
            if (row["definition"], row["subset"]) == (of_model[0]["definition"], "all") and row["reference"] is not None
        }
        exclusions = {exclusion for exclusion, *_ in compared}
        most = [name for name in _MOST if name in exclusions] or [of_model[-1]["exclusion"]]
        said = []
        for exclusion, method in dict.fromkeys((exclusion, method) for exclusion, method, _ in compared):
            if exclusion in most:
                # Where too few proteins have subsequences of one length, there is no rate at equal lengths.
                standardised, anyway = (compared[exclusion, method, lengths] for lengths in (STANDARDISED, "all"))
                said.append(anyway if standardised["difference"] is None else standardised)
        corrected = holm([known(row["p_value"]) for row in said])
        for row, p_holm in zip(said, corrected.tolist(), strict=True):
            yield _finding(row, p_holm)


def _finding(row: Mapping[str, Any], p_holm: float) -> str:
    lengths = "at equal lengths" if row["lengths"] == STANDARDISED else "at all lengths"
    said = f"{row['model']}, hit rates ({row['definition']}) {lengths}, {_WITHOUT[row['exclusion']]}: "
    said += f"{row['method']} weights, which pick "
    said += f"{row['shared']:.0%} of their residues where the learned ones do, "
    if row["difference"] is None:
        return f"{said}share no scored protein with them: nothing can be said"
    pairs = counted(row["proteins_scored"], "pair")
    said += f"{row['hit_rate']:.3f}, learned {row['reference_hit_rate']:.3f}; difference {row['difference']:+.3f}"
    if row["low"] is None or np.isnan(p_holm) or row["proteins_scored"] < FEW:
        return f"{said}, {pairs}: too few to say whether the hit rate tells them apart"
    said += f" ({row['low']:+.3f} to {row['high']:+.3f}; Holm p = {number(p_holm)}; {pairs})"
    return f"{said}: {_verdict(row, p_holm)}"


def _verdict(row: Mapping[str, Any], p_holm: float) -> str:
    if p_holm < LEVEL and row["difference"] < 0:
        return "the hit rate tells them apart, in favour of the learned ones"
    if p_holm < LEVEL:
        return "the hit rate prefers weights that the model does not have, so it does not validate its attention"
    unseen = max(row["low"], row["high"], key=abs)
    if abs(unseen) <= MARGIN * row["reference_hit_rate"]:
        return f"the same to within {MARGIN:.0%}, so the hit rate does not validate the attention of this model"
    return (
        "the hit rate does not tell them apart, so it does not validate the attention here; with so few proteins a "
        f"difference of {unseen:+.3f} may have gone unseen"
    )


def draw(table: pa.Table) -> Figure:
    """Differences from the learned weights with their intervals, by what is left out; at all and at equal lengths."""
    rows = [
        row
        for row in table.to_pylist()
        if row["subset"] == "all"
        and row["reference"] is not None
        and row["definition"] == table["definition"][0].as_py()
    ]
    names = list(dict.fromkeys((row["model"], row["method"]) for row in rows))
    exclusions = list(dict.fromkeys(row["exclusion"] for row in rows))
    figure = new_figure(9, 1.8 + 0.42 * len(names))
    panels = figure.subplots(1, 2, sharey=True)
    for axes, lengths, title in zip(panels, ("all", STANDARDISED), ("all lengths", "equal lengths"), strict=True):
        named_rows(axes, [f"{model}: {method}" for model, method in names])
        axes.axvline(0, color="#000000", linewidth=0.8)
        for style, exclusion in enumerate(exclusions):
            here = [row for row in rows if (row["exclusion"], row["lengths"]) == (exclusion, lengths)]
            offset = (style - (len(exclusions) - 1) / 2) * 0.18
            at = [names.index((row["model"], row["method"])) + offset for row in here]
            values = [dot_of(row, "difference", "low", "high") for row in here]
            dots(axes, at, values, _WITHOUT[exclusion], style)
        axes.set(title=title, xlabel="hit rate - that of the learned weights")
        axes.locator_params(axis="x", nbins=5)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=2)
    return figure
