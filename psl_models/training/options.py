"""How a network is trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

ClassWeights = Literal["none", "balanced", "square-root"]
CLASS_WEIGHTS: Final = get_args(ClassWeights)

Precision = Literal["float32", "bfloat16"]
PRECISIONS: Final = get_args(Precision)


@dataclass(frozen=True)
class TrainingOptions:
    """Choices of a training; with the data and the number of threads they decide the weights.

    Attributes
    ----------
    epochs : int
        At most.
    patience : int
        Epochs without a better macro F1 on the validation set after which training stops.
    learning_rate : float
        Of AdamW (Loshchilov and Hutter 2019) at its highest: it rises over the first epoch and falls along a cosine.
    weight_decay : float
    batch : int
        Proteins of a batch at most.
    budget : int
        Tokens of a batch at most, padding included.
    clip : float
        Norm that the gradient is cut to.
    class_weights : ClassWeights
        Weight of a class in the loss: one over its share (``balanced``), the square root of that, or the same for all.
    averaging : float
        Decay a step of the running mean of the weights (Polyak and Juditsky 1992) that is validated and kept; 0 keeps
        the last weights.
    label_smoothing : float
        Share of the target that goes to all classes alike.
    masking : float
        Share of the residues, drawn anew each time, that training shows as X.
    precision : Precision
        Of products of matrices while training; weights, gradients and validation are in float32. bfloat16 is faster on
        CUDA, and on processors with AMX or AVX-512 BF16.
    seed : int
    """

    epochs: int = 30
    patience: int = 8
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    batch: int = 32
    budget: int = 1 << 14
    clip: float = 1.0
    class_weights: ClassWeights = "square-root"
    averaging: float = 0.995
    label_smoothing: float = 0.0
    masking: float = 0.0
    precision: Precision = "float32"
    seed: int = 1
