"""The claims, stated before they are judged: what the study says, and what would have to be so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from psl_eval.experiments.claims.evidence import (
    Evidence,
    Tables,
    above_adversarial,
    above_chance,
    accuracies,
    confidence,
    equal_by,
    higher_than,
)
from psl_eval.experiments.estimates import MARGIN


@dataclass(frozen=True)
class Claim:
    """A claim with its test.

    Attributes
    ----------
    name : str
    claim : str
        What is claimed.
    test : str
        What is estimated, by which test.
    threshold : str
        What must be so, beyond Holm's p below 0.05.
    evidence : callable
        The test, on the tables of the results.
    """

    name: str
    claim: str
    test: str
    threshold: str
    evidence: Callable[[Tables], Evidence]


def _as_accurate(arm: str, other: str) -> Callable[[Tables], Evidence]:
    def evidence(tables: Tables) -> Evidence:
        return equal_by(MARGIN, accuracies(tables, arm), accuracies(tables, other), paired=False)

    return evidence


def _accurate_with(attention: str) -> Callable[[Tables], Evidence]:
    def evidence(tables: Tables) -> Evidence:
        arm = "bilstm-attention"
        return equal_by(MARGIN, accuracies(tables, arm), accuracies(tables, arm, attention), paired=True)

    return evidence


_TRAINED: Final = "difference of mean accuracy over trainings, two one-sided Welch tests"
_ASKED: Final = "difference of mean accuracy over trainings, two one-sided paired t tests"
WITHIN: Final = f"within {MARGIN:g} of 0"
_PAIRED: Final = "difference of hit rates standardised to one distribution of lengths, paired signs flipped"
_NULL: Final = "hit rate less that of random windows of the same proteins, by draws"
_AUC: Final = "area under the ROC curve of correct predictions by the hit rate, less a half, by ranks"
_ABOVE: Final = "above 0"

CLAIMS: Final = (
    Claim(
        "C1",
        "the BiLSTM is as accurate with uniform weights as with attention",
        _TRAINED,
        WITHIN,
        _as_accurate("bilstm-attention", "bilstm-uniform"),
    ),
    Claim("C2", "permuting its attention leaves its accuracy as it is", _ASKED, WITHIN, _accurate_with("permuted")),
    Claim("C3", "random attention leaves its accuracy as it is", _ASKED, WITHIN, _accurate_with("random")),
    Claim(
        "C4",
        "the BiLSTM's weights leave the accuracy of an MLP with uniform weights as it is",
        _TRAINED,
        WITHIN,
        _as_accurate("mlp-pre-set", "mlp-uniform"),
    ),
    Claim(
        "C5",
        "attention leaves the accuracy of the small CNN-BiLSTM as it is",
        _TRAINED,
        WITHIN,
        _as_accurate("cnn-bilstm-small-attention", "cnn-bilstm-small-last"),
    ),
    Claim(
        "C6",
        "attention leaves the accuracy of the large CNN-BiLSTM as it is",
        _TRAINED,
        WITHIN,
        _as_accurate("cnn-bilstm-large-attention", "cnn-bilstm-large-last"),
    ),
    Claim(
        "C7",
        "what attention picks out has a higher hit rate than chance, the protein itself left out",
        _NULL,
        _ABOVE,
        partial(above_chance, explanation="attention", exclusion="self"),
    ),
    Claim(
        "C8",
        "and so has what integrated gradients pick out",
        _NULL,
        _ABOVE,
        partial(above_chance, explanation="integrated-gradients", exclusion="self"),
    ),
    Claim(
        "C9",
        "learned attention has a higher hit rate than permuted attention",
        _PAIRED,
        _ABOVE,
        partial(higher_than, explanation="attention", other="permuted", exclusion="self"),
    ),
    Claim(
        "C10",
        "and than random weights",
        _PAIRED,
        _ABOVE,
        partial(higher_than, explanation="attention", other="random", exclusion="self"),
    ),
    Claim(
        "C11",
        "integrated gradients have a higher hit rate than attention",
        _PAIRED,
        _ABOVE,
        partial(higher_than, explanation="integrated-gradients", other="attention", exclusion="self"),
    ),
    Claim(
        "C12",
        "the hit rate of attention tells correct predictions from wrong ones, the protein itself left out",
        _AUC,
        _ABOVE,
        partial(confidence, explanation="attention", exclusion="self"),
    ),
    Claim(
        "C13",
        "and does so with all that the model has learned from left out",
        _AUC,
        _ABOVE,
        partial(confidence, explanation="attention", exclusion="train"),
    ),
    Claim(
        "C14",
        "the hit rate validates attention: weights of an adversary that answers alike have a lower one",
        _PAIRED,
        _ABOVE,
        partial(above_adversarial, exclusion="self"),
    ),
)
