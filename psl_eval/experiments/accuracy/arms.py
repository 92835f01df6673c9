"""The networks of the study's table 1, each trained by the same recipe, and what the study reports of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.configuration import DEFAULT_SIZES, Architecture, Configuration
from psl_models.layers.pooling import PoolingName
from psl_models.model import Model
from psl_models.training.material import Material
from psl_models.training.options import Precision, TrainingOptions
from psl_models.training.running import Training

#: What an MLP takes over from a trained BiLSTM: its weights of residues, the parameters of its attention, or these laid
#: out as the study's code does, which reads the matrix of one as if it were its transpose.
PreSet = Literal["weights", "parameters", "released"]


class Reported(NamedTuple):
    """What the study reports; of one training."""

    accuracy: float
    f1_macro_batches: float | None  # mean over batches of five


@dataclass(frozen=True)
class Arm:
    """A row of the table.

    Attributes
    ----------
    name : str
    experiment : str
        Of the study's table 1: ``I``, ``II`` or ``III``.
    architecture : Architecture
    pooling : PoolingName
    pre_set : PreSet or None
        What is taken over from the BiLSTM with attention of the same number.
    across : bool
        Trained with attention laid out as the study's code does (`psl_models.attention.across`).
    reported : Reported or None
        Of networks with attention those that are trained across the batch, as the study's were.
    """

    name: str
    experiment: str
    architecture: Architecture
    pooling: PoolingName
    pre_set: PreSet | None = None
    across: bool = False
    reported: Reported | None = None

    @property
    def is_mlp(self) -> bool:
        """Whether it is quickly trained."""
        return self.architecture == "mlp"


#: The BiLSTM with attention, which others take over from.
TEACHER: Final = Arm("bilstm-attention", "I", "bilstm", "attention")
_SMALL: Final = ("III", "cnn-bilstm-small", "attention")
_LARGE: Final = ("III", "cnn-bilstm-large", "attention")

ARMS: Final = {
    arm.name: arm
    for arm in (
        TEACHER,
        Arm("bilstm-uniform", "I", "bilstm", "uniform"),
        Arm("bilstm-attention-across", "I", "bilstm", "attention", across=True, reported=Reported(0.673, 0.568)),
        Arm("mlp-uniform", "II", "mlp", "uniform", reported=Reported(0.445, None)),
        Arm("mlp-attention", "II", "mlp", "attention"),
        Arm("mlp-attention-across", "II", "mlp", "attention", across=True, reported=Reported(0.468, None)),
        Arm("mlp-pre-set", "II", "mlp", "guided", "weights"),
        Arm("mlp-pre-set-parameters", "II", "mlp", "attention", "parameters"),
        Arm("mlp-pre-set-released", "II", "mlp", "attention", "released", True, Reported(0.452, None)),
        Arm("cnn-bilstm-small-last", "III", "cnn-bilstm-small", "last", reported=Reported(0.666, 0.556)),
        Arm("cnn-bilstm-small-attention", *_SMALL),
        Arm("cnn-bilstm-small-attention-across", *_SMALL, None, True, Reported(0.650, 0.541)),
        Arm("cnn-bilstm-large-last", "III", "cnn-bilstm-large", "last", reported=Reported(0.666, 0.551)),
        Arm("cnn-bilstm-large-attention", *_LARGE),
        Arm("cnn-bilstm-large-attention-across", *_LARGE, None, True, Reported(0.670, 0.561)),
    )
}

#: Trained alike, so that arms differ by what they are alone. Chosen on the validation proteins of the study's split.
_LSTM: Final = TrainingOptions(
    epochs=12, patience=12, learning_rate=0.003, weight_decay=0.1, averaging=0.998, label_smoothing=0.05, masking=0.1
)
_MLP: Final = TrainingOptions(epochs=20, patience=20, learning_rate=0.003, weight_decay=0.1, averaging=0.998)
_DROPOUT: Final = 0.2  # of LSTMs; MLPs have none
_LONGEST: Final = 1000


def training_of(
    arm: Arm,
    classes: tuple[str, ...],
    material: Material,
    split: str,
    seed: int,
    teacher: Callable[[], Model],
    *,
    epochs: int | None = None,
    precision: Precision = "float32",
) -> Training:
    """How an arm is trained, with one seed.

    Parameters
    ----------
    arm : Arm
    classes : tuple of str
    material : Material
    split : str
        How the proteins were divided, in words.
    seed : int
    teacher : callable
        Gives the BiLSTM that the arm takes over from, if it does.
    epochs : int, optional
        Another number than the recipe's.
    precision : Precision

    Raises
    ------
    UsageError
        As of `frozen_from`.
    """
    sizes = dataclasses.replace(DEFAULT_SIZES[arm.architecture], dropout=0.0 if arm.is_mlp else _DROPOUT)
    configuration = Configuration(arm.architecture, arm.pooling, classes, sizes, max_length=_LONGEST, truncate="middle")
    options = dataclasses.replace(_MLP if arm.is_mlp else _LSTM, seed=seed, precision=precision)
    if epochs is not None:
        options = dataclasses.replace(options, epochs=epochs, patience=epochs)
    return Training(
        configuration,
        material,
        options,
        teacher() if arm.pre_set == "weights" else None,
        split,
        (),
        frozen=frozen_from(teacher(), arm.pre_set) if arm.pre_set in ("parameters", "released") else {},
        across=arm.across,
    )


def frozen_from(teacher: Model, pre_set: PreSet) -> Mapping[str, Tensor]:
    """The attention parameters of a model for another of as many channels, by name.

    ``released``: rows of the matrix W of shape (units, channels) read one after the other as a matrix of shape
    (channels, units), as the study's code reads them.

    Raises
    ------
    UsageError
        The model has no attention.
    """
    attention = teacher.network.pooling.attention
    if attention is None:
        raise UsageError("the model to take over from has no attention", remedy="take one with --pooling attention")
    inner, outer = attention.inner.weight.detach(), attention.outer.weight.detach()
    if pre_set == "released":
        inner = inner.reshape(inner.shape[1], inner.shape[0]).T.contiguous()
    return {"pooling.attention.inner.weight": inner, "pooling.attention.outer.weight": torch.clone(outer)}
