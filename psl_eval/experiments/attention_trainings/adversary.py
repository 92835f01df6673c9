"""A network that learns to answer as another one does, from attention that is as far from the other's as can be.

After Wiegreffe and Pinter 2019 (Attention is not not Explanation, section 4), who ask for a whole model that does so in
place of other weights for each instance (Jain and Wallace 2019): such a model need not exist.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from psl_eval.experiments.models import NamedModel, digest_of_model, open_named
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.trained import digest_of_material
from psl_index.errors import InputError, OutputError, UsageError
from psl_index.progress import Progress
from psl_models.attention import given
from psl_models.batches import Batch, batches_of
from psl_models.checkpoints import CONFIGURATION, save_model
from psl_models.layers.layout import Layout
from psl_models.model import Model
from psl_models.network import Network
from psl_models.prediction import Predictions, answers
from psl_models.splits import TRAIN
from psl_models.training.folder import TRAINING_SET, write_training_set
from psl_models.training.material import Material

Report = Callable[[Progress], None]

_SMALLEST: Final = 1e-20  # of a weight in a logarithm


@dataclass(frozen=True)
class AdversaryOptions:
    """How adversaries are trained.

    Attributes
    ----------
    epochs : int
        Over the training proteins.
    learning_rate : float
        Of Adam, falling along a line to nothing.
    batch : int
        Proteins of a batch at most.
    budget : int
        Tokens of a batch at most, padding included.
    seed : int
        Of the order of the proteins.
    """

    epochs: int = 3
    learning_rate: float = 1e-3
    batch: int = 32
    budget: int = 1 << 14
    seed: int = 1


def adversary_of(
    base: NamedModel,
    name: str,
    divergence: float,
    material: Material,
    options: AdversaryOptions,
    parts: Parts,
    report: Report,
) -> NamedModel:
    """The adversary of a model, trained where it is not there yet.

    It begins with the model's own weights, without dropout, and learns of each training protein to make

        TVD(answer, base answer) - divergence * KL(attention || base attention)

    small: total variation distance of the answers, and Kullback-Leibler divergence of the weights in nats (Wiegreffe
    and Pinter 2019, section 4.1, whose adversaries begin with random weights; those that begin with the model's are
    nearer to its answers after as many epochs).

    Parameters
    ----------
    base : NamedModel
        With attention, of one class a protein.
    name : str
        Of the part, and of the adversary.
    divergence : float
        What divergence is worth; 0 for a control that is only to answer alike.
    material : Material
    options : AdversaryOptions
    parts : Parts
    report : callable

    Raises
    ------
    UsageError
        The model has no attention, or predicts several classes.
    InputError
        The loss is no number.
    OutputError
        The adversary cannot be written.
    """
    if not base.attends:
        raise UsageError(f"{base.name} has no attention to lead astray", remedy="take one with --pooling attention")
    if base.model.configuration.task == "multi-label":
        raise UsageError(f"{base.name} predicts several classes", remedy="take a model of one class a protein")
    terms = {
        "base": digest_of_model(base.model),
        "divergence": divergence,
        "material": digest_of_material(material),
        "options": dataclasses.asdict(options),
    }
    folder = parts.folder(name, terms)
    if not (folder / CONFIGURATION).exists():
        adversary = _Adversarial(base.model, divergence, material, options).trained(name, report)
        _write(adversary, material, folder)
    return open_named(name, folder, base.model.device)


def _write(adversary: Model, material: Material, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot be made: {error.strerror or error}", file=str(folder)) from error
    write_training_set(folder / TRAINING_SET, material, ())
    save_model(adversary, folder)  # its configuration last


class _Adversarial:
    """One training."""

    def __init__(self, base: Model, divergence: float, material: Material, options: AdversaryOptions) -> None:
        self._base = base
        self._divergence = divergence
        self._options = options
        configuration = base.configuration
        self._examples = material.examples(TRAIN, configuration, None, cut=True)
        still = dataclasses.replace(configuration, sizes=dataclasses.replace(configuration.sizes, dropout=0.0))
        self._network = Network(still).to(base.device)
        self._network.load_state_dict(base.network.state_dict())

    def trained(self, name: str, report: Report) -> Model:
        options = self._options
        said = self._answers_of_base(name, report)
        parameters = [each for each in self._network.parameters() if each.requires_grad]
        optimiser = torch.optim.Adam(parameters, lr=options.learning_rate)
        total = options.epochs * len(self._examples)
        done = 0
        self._network.train()
        for epoch in range(options.epochs):
            rng = np.random.default_rng([options.seed, epoch])
            for batch in batches_of(self._examples.encoded, options.budget, most=options.batch, rng=rng):
                for group in optimiser.param_groups:
                    group["lr"] = options.learning_rate * (1 - done / total)
                optimiser.zero_grad()
                loss = self._loss(batch.to(self._base.device), said)
                if not torch.isfinite(loss):
                    raise InputError(f"the loss of {name} is {loss.item()}", remedy="lower --divergence")
                loss.backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(parameters, 1.0)
                optimiser.step()
                done += len(batch.rows)
                report(Progress(f"{name}: epoch {epoch + 1} of {options.epochs}", done, total, "proteins"))
        network = Network(self._base.configuration).to(self._base.device)
        network.load_state_dict(self._network.state_dict())
        return Model(self._base.configuration, network.eval())

    def _answers_of_base(self, name: str, report: Report) -> Predictions:
        total = len(self._examples)

        def progress(done: int) -> None:
            report(Progress(f"{name}: answers to lie near to", done, total, "proteins"))

        classes = len(self._base.configuration.classes)
        return answers(self._examples.encoded, self._base.answer, classes, self._base.device, progress=progress)

    def _loss(self, batch: Batch, said: Predictions) -> Tensor:
        """Mean over the proteins of a batch."""
        assert said.weights is not None
        device, width = batch.tokens.device, batch.tokens.shape[1]
        answer = self._network(self._network.embed(batch.tokens), batch.lengths)
        expected = torch.softmax(torch.from_numpy(said.logits[batch.rows]).to(device), dim=1)
        variation = (torch.softmax(answer.logits, dim=1) - expected).abs().sum(1) / 2
        weighing = given([said.weights[row] for row in batch.rows], width, device)
        theirs = weighing(None, Layout(batch.lengths, width))
        assert answer.weights is not None
        return (variation - self._divergence * divergence_of(answer.weights, theirs)).mean()


def divergence_of(weights: Tensor, others: Tensor) -> Tensor:
    """Kullback-Leibler divergence of weights from others of shape (n, width), zero at padding; (n,), in nats."""
    logarithms = weights.clamp_min(_SMALLEST).log() - others.clamp_min(_SMALLEST).log()
    return (weights * logarithms).sum(1)
