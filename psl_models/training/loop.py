"""Training, epoch by epoch."""

from __future__ import annotations

import dataclasses
import hashlib
import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from psl_index.errors import InputError
from psl_models.batches import Batch, batches_of
from psl_models.configuration import Configuration
from psl_models.decisions import decided
from psl_models.encoding import TOKENS
from psl_models.metrics import macro_f1
from psl_models.network import Answer, Network
from psl_models.prediction import Predictions, answers
from psl_models.training.examples import Examples
from psl_models.training.options import TrainingOptions
from psl_models.training.state import State, load_state, save_state

#: Is told the epoch, from 1, the proteins of it that are done, and how many it has.
Report = Callable[[int, int, int], None]


class Trained(NamedTuple):
    """What a training gives."""

    network: Network  # with the weights of the best epoch, in evaluation mode
    lines: list[dict[str, Any]]  # what was measured after each epoch
    best_epoch: int  # from 1


def train(
    configuration: Configuration,
    training: Examples,
    validation: Examples,
    options: TrainingOptions,
    *,
    state_file: Path,
    resume: bool = False,
    frozen: Mapping[str, Tensor] | None = None,
    device: torch.device | None = None,
    report: Report | None = None,
    tell: Callable[[list[dict[str, Any]]], None] | None = None,
) -> Trained:
    """Train a network from random weights, and keep those with the best macro F1 on the validation set.

    Everything random comes from the seed and the number of the epoch, so a training that is resumed gives what one
    without interruption gives: it must be on the same kind of device with the same number of threads.

    Parameters
    ----------
    configuration : Configuration
    training, validation : Examples
        With at least one protein each; those for training cut to the length they shall have.
    options : TrainingOptions
    state_file : path
        Holds the state after every epoch.
    resume : bool
        Go on from `state_file`, where it is there.
    frozen : mapping of str to Tensor, optional
        Weights of the network, by name, that are given and not learned.
    device : torch.device, optional
        The processor by default.
    report, tell : callable, optional
        Are told how far it is, and after each epoch the measurements of all so far.

    Raises
    ------
    InputError
        `state_file` is damaged; the loss is no number.
    UsageError
        `state_file` is of another training.
    OutputError
        It cannot be written.
    """
    trainer = _Trainer(configuration, training, validation, options, frozen or {}, device or torch.device("cpu"))
    terms = {
        "configuration": configuration.as_json(),
        "options": {name: value for name, value in dataclasses.asdict(options).items() if name != "patience"},
        "training_set": training.digest(),
        "validation_set": validation.digest(),
        "guide": training.guidance_digest(),
        "across": training.across,
        "frozen": _digest_of(frozen or {}),
        "threads": torch.get_num_threads(),
        "device": trainer.device.type,
    }
    if resume and state_file.exists():
        trainer.restore(load_state(state_file, terms))
    while not trainer.finished():
        trainer.epoch(report)
        save_state(trainer.state(), state_file, terms)
        if tell is not None:
            tell(trainer.lines)
    return trainer.result()


class _Trainer:
    def __init__(
        self,
        configuration: Configuration,
        training: Examples,
        validation: Examples,
        options: TrainingOptions,
        frozen: Mapping[str, Tensor],
        device: torch.device,
    ) -> None:
        torch.manual_seed(options.seed)
        self._configuration = configuration
        self._training = training
        self._validation = validation
        self._options = options
        self.device = device
        self._network = Network(configuration).to(device)
        for name, weights in frozen.items():
            self._network.get_parameter(name).requires_grad_(False).copy_(weights)
        self._averaged = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        self._best = self._averaged
        self._optimiser = torch.optim.AdamW(
            [parameter for parameter in self._network.parameters() if parameter.requires_grad],
            lr=options.learning_rate,
            weight_decay=options.weight_decay,
        )
        self._class_weights = _class_weights(training.labels, options).to(device)
        self._steps_per_epoch = sum(1 for _ in self._batches(1))  # other epochs have as many, or a few more or less
        self._steps = 0
        self.lines: list[dict[str, Any]] = []
        self._best_epoch = 0

    def finished(self) -> bool:
        epochs = len(self.lines)
        return epochs >= self._options.epochs or epochs - max(self._best_epoch, 1) >= self._options.patience

    def epoch(self, report: Report | None) -> None:
        """Train one epoch, and measure it."""
        begin = time.perf_counter()
        number = len(self.lines) + 1
        torch.manual_seed(self._options.seed * 1_000_003 + number)
        train_loss = self._learn(number, report)
        measured = self._validate()
        line = {
            "epoch": number,
            "train_loss": train_loss,
            **measured,
            "learning_rate": self._learning_rate(self._steps),
        }
        best = self.lines[self._best_epoch - 1]["validation_macro_f1"] if self.lines else -1.0
        if measured["validation_macro_f1"] > best:
            self._best_epoch = number
            self._best = {name: tensor.clone() for name, tensor in self._kept().items()}
        self.lines.append(line | {"seconds": time.perf_counter() - begin})

    def state(self) -> State:
        moments: dict[str, Tensor] = {}
        for place, kept in self._optimiser.state_dict()["state"].items():
            moments |= {f"{place}.{name}": tensor for name, tensor in kept.items()}
        weights = dict(self._network.state_dict())
        return State(weights, self._averaged, self._best, moments, self._steps, self.lines, self._best_epoch)

    def restore(self, state: State) -> None:
        self._network.load_state_dict(state.weights)
        self._averaged = {name: tensor.to(self.device) for name, tensor in state.averaged.items()}
        self._best = {name: tensor.to(self.device) for name, tensor in state.best.items()}
        kept: dict[int, dict[str, Tensor]] = {}
        for name, tensor in state.moments.items():
            place, _, own_name = name.partition(".")
            kept.setdefault(int(place), {})[own_name] = tensor
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": kept})
        self._steps, self.lines, self._best_epoch = state.steps, state.lines, state.best_epoch

    def result(self) -> Trained:
        self._network.load_state_dict(self._best)
        return Trained(self._network.eval(), self.lines, self._best_epoch)

    def _learn(self, number: int, report: Report | None) -> float:
        """One pass over the training set; returns the mean loss of a protein."""
        self._network.train()
        loss_sum, done = 0.0, 0
        for batch in self._batches(number):
            loss = self._step(batch.to(self.device))
            if not math.isfinite(loss):
                remedy = "lower the learning rate"
                raise InputError(f"the loss of a batch of epoch {number} is {loss}", remedy=remedy)
            loss_sum += loss
            done += len(batch.rows)
            if report is not None:
                report(number, done, len(self._training))
        return loss_sum / done

    def _batches(self, number: int) -> Iterator[Batch]:
        """The training set in the order of an epoch."""
        rng = np.random.default_rng([self._options.seed, number])
        return batches_of(self._training.encoded, self._options.budget, most=self._options.batch, rng=rng)

    def _step(self, batch: Batch) -> float:
        """Learn from a batch; returns the sum of the losses of its proteins."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._learning_rate(self._steps)
        self._optimiser.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self._options.precision == "bfloat16"):
            embedded = self._network.embed(self._masked(batch.tokens))
            answer = self._network(embedded, batch.lengths, self._training.weighing(batch))
        loss = self._loss(answer.logits.float(), self._training.labels[batch.rows], self._options.label_smoothing)
        # Batches of long proteins have fewer: divided by their own number, a long protein would count for more.
        (loss * (self._steps_per_epoch / len(self._training))).backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._network.parameters(), self._options.clip)
        self._optimiser.step()
        self._steps += 1
        self._average()
        return float(loss.detach())

    def _masked(self, tokens: Tensor) -> Tensor:
        """Some residues as X; what becomes of padding does not matter."""
        if not self._options.masking:
            return tokens
        return torch.where(torch.rand(tokens.shape, device=tokens.device) < self._options.masking, _X, tokens)

    def _loss(self, logits: Tensor, labels: npt.NDArray[np.bool_], smoothing: float) -> Tensor:
        """Sum of the losses of proteins, each weighted by its class; of several classes the mean over all classes."""
        target = torch.from_numpy(labels).to(logits.device)
        if self._configuration.task == "multi-label":
            smoothed = target.float() * (1 - smoothing) + smoothing / 2
            losses = nn.functional.binary_cross_entropy_with_logits(
                logits, smoothed, weight=self._class_weights, reduction="none"
            )
            return losses.mean(1).sum()
        return nn.functional.cross_entropy(
            logits, target.int().argmax(1), weight=self._class_weights, label_smoothing=smoothing, reduction="sum"
        )

    def _average(self) -> None:
        decay = min(self._options.averaging, self._steps / (self._steps + 10))
        if self._options.averaging:
            with torch.no_grad():
                for name, tensor in self._network.state_dict().items():
                    self._averaged[name].lerp_(tensor, 1 - decay)

    def _kept(self) -> dict[str, Tensor]:
        return self._averaged if self._options.averaging else self._network.state_dict()

    def _validate(self) -> dict[str, float]:
        own = {name: tensor.clone() for name, tensor in self._network.state_dict().items()}
        self._network.load_state_dict(self._kept())
        logits = torch.from_numpy(self._answers(self._validation).logits)
        self._network.load_state_dict(own)
        labels = self._validation.labels
        loss = float(self._loss(logits.to(self.device), labels, 0.0)) / len(labels)
        task = self._configuration.task
        probabilities = (torch.sigmoid(logits) if task == "multi-label" else torch.softmax(logits, 1)).numpy()
        correct = (decided(probabilities, task) == labels).all(1)
        return {
            "validation_loss": loss,
            "validation_accuracy": float(correct.mean()),
            "validation_macro_f1": macro_f1(probabilities, labels, task),
        }

    def _answers(self, examples: Examples) -> Predictions:
        """What the network says of examples, uncut."""
        self._network.eval()

        def answer(batch: Batch) -> Answer:
            return self._network(  # type: ignore[no-any-return]
                self._network.embed(batch.tokens), batch.lengths, examples.weighing(batch)
            )

        return answers(examples.encoded, answer, examples.labels.shape[1], self.device)

    def _learning_rate(self, step: int) -> float:
        """Up along a line over the first epoch, down along half a cosine over the others."""
        at = step / self._steps_per_epoch
        if at < 1:
            return self._options.learning_rate * (step + 1) / self._steps_per_epoch
        share = min((at - 1) / max(self._options.epochs - 1, 1), 1.0)
        return self._options.learning_rate * (_LOWEST + (1 - _LOWEST) * (1 + math.cos(math.pi * share)) / 2)


_X: Final = TOKENS.index("X")
_LOWEST: Final = 0.02  # of the learning rate, at the end


def _digest_of(weights: Mapping[str, Tensor]) -> str | None:
    """Hexadecimal; None of nothing."""
    if not weights:
        return None
    digest = hashlib.blake2b(digest_size=16)
    for name, tensor in sorted(weights.items()):
        digest.update(name.encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()


def _class_weights(labels: npt.NDArray[np.bool_], options: TrainingOptions) -> Tensor:
    """Weight of each class in the loss, float32, 1 on average over proteins; a class without protein counts as one."""
    counts = np.maximum(labels.sum(0), 1)
    power = {"none": 0.0, "square-root": 0.5, "balanced": 1.0}[options.class_weights]
    weights = (counts.sum() / counts) ** power
    return torch.from_numpy(weights * counts.sum() / (weights * counts).sum()).float()
