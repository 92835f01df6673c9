"""The straightforward way to train and explain the study's network, as a peer: `python -m benchmarks.one_by_one TASK`.

PyTorch's own bidirectional LSTM and captum, one protein after the other; for training, batches in random order through
packed sequences. Each task runs in a process of its own, for the settings of the C library's allocator hold for a whole
process: the peer has glibc's own, ours what `psl_models.allocator.keep_memory` sets.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from captum.attr import IntegratedGradients as CaptumIntegratedGradients
from torch import Tensor, nn

from psl_eval.experiments.importance.backgrounds import Backgrounds
from psl_eval.experiments.importance.importance import Importance
from psl_eval.experiments.importance.insertion import Insertion, Part
from psl_eval.experiments.importance.patterns import subsequence
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts
from psl_models.allocator import keep_memory
from psl_models.attribution import METHODS, attribute
from psl_models.attribution.integrated_gradients import IntegratedGradients
from psl_models.checkpoints import open_model
from psl_models.encoding import PAD, encode, truncated
from psl_models.model import Model
from psl_models.training.examples import Examples
from psl_models.training.loop import train
from psl_models.training.options import Precision, TrainingOptions

STEPS: Final = 50
BATCH: Final = 64
PATTERN: Final = "KKRKVW"  # whose global importance is measured, in the middle


class PlainNetwork(nn.Module):
    """The study's BiLSTM with attention, in PyTorch's own layers."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        sizes = model.configuration.sizes
        self.embedding = nn.Embedding(PAD + 1, sizes.embedding)
        self.lstm = nn.LSTM(sizes.embedding, sizes.hidden, sizes.layers, bidirectional=True)
        self.w_omega = nn.Linear(2 * sizes.hidden, sizes.attention, bias=False)
        self.u_omega = nn.Linear(sizes.attention, 1, bias=False)
        self.fc = nn.Linear(2 * sizes.hidden, len(model.configuration.classes))
        self.load_state_dict(_named_as_here(model))

    def states(self, tokens: Tensor) -> Tensor:
        """States of one protein, (length, channels), from tokens of shape (length,)."""
        states: Tensor = self.lstm(self.embedding(tokens))[0]
        return states

    def weights(self, states: Tensor) -> Tensor:
        """Attention over (..., length, channels), (..., length, 1)."""
        return torch.softmax(self.u_omega(torch.tanh(self.w_omega(states))), -2)

    def from_embedded(self, embedded: Tensor) -> Tensor:
        """Logits of some proteins of one length, (n, classes), from (n, length, channels)."""
        states = self.lstm(embedded.transpose(0, 1))[0].transpose(0, 1)
        logits: Tensor = self.fc((self.weights(states) * states).sum(1))
        return logits

    def packed(self, tokens: Sequence[Tensor]) -> Tensor:
        """Logits of some proteins, (n, classes), through packed sequences."""
        lengths = torch.tensor([len(each) for each in tokens])
        embedded = self.embedding(nn.utils.rnn.pad_sequence(list(tokens), padding_value=PAD))
        packed = nn.utils.rnn.pack_padded_sequence(embedded, lengths, enforce_sorted=False)
        states = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0])[0].transpose(0, 1)
        scores = self.u_omega(torch.tanh(self.w_omega(states)))
        beyond = torch.arange(states.shape[1]) >= lengths[:, None]
        weights = torch.softmax(scores.masked_fill(beyond[..., None], -torch.inf), 1)
        logits: Tensor = self.fc((weights * states).sum(1))
        return logits


def _named_as_here(model: Model) -> dict[str, Tensor]:
    state = model.network.state_dict()
    named = {"embedding.weight": state["embedding.table.weight"]}
    for layer in range(model.configuration.sizes.layers):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            named[f"lstm.{part}_l{layer}"] = state[f"encoder.lstm.forwards.{layer}.{part}_l0"]
            named[f"lstm.{part}_l{layer}_reverse"] = state[f"encoder.lstm.backwards.{layer}.{part}_l0"]
    named["w_omega.weight"] = state["pooling.attention.inner.weight"]
    named["u_omega.weight"] = state["pooling.attention.outer.weight"]
    return named | {f"fc.{part}": state[f"classifier.{part}"] for part in ("weight", "bias")}


Work = Callable[[Model, list[str]], list[Any]]


def attention_peer(model: Model, sequences: list[str]) -> list[Any]:
    """Attention of each protein, one after the other."""
    network = PlainNetwork(model).eval()
    found = []
    with torch.no_grad():
        for sequence in sequences:
            found.append(network.weights(network.states(_tokens(sequence)))[:, 0].numpy())
    return found


def gradients_peer(model: Model, sequences: list[str]) -> list[Any]:
    """Integrated gradients of each protein by captum, one after the other, all steps of one at a time."""
    network = PlainNetwork(model).eval()
    baseline = network.embedding(torch.tensor(PAD)).detach()
    captum = CaptumIntegratedGradients(network.from_embedded)
    found = []
    for sequence in sequences:
        embedded = network.embedding(_tokens(sequence)).detach()[None]
        with torch.no_grad():
            target = int(network.from_embedded(embedded).argmax())
        scores = captum.attribute(embedded, baseline.expand_as(embedded), target=target, n_steps=STEPS)
        found.append(scores.sum(-1)[0].detach().numpy())
    return found


def attention_ours(model: Model, sequences: list[str]) -> list[Any]:
    """The same by `pslidx`."""
    return _ours(model, sequences, "attention", METHODS["attention"]())


def gradients_ours(model: Model, sequences: list[str]) -> list[Any]:
    """The same by `pslidx`, with as many steps for all."""
    return _ours(model, sequences, "integrated-gradients", IntegratedGradients(steps=STEPS, tolerance=None))


def _ours(model: Model, sequences: list[str], name: str, method: Any) -> list[Any]:
    from psl_models.prediction import predict

    keep_memory()
    targets = predict(model, sequences).logits.argmax(1)
    found: list[Any] = [None] * len(sequences)
    for batch in attribute(model, sequences, name, method, targets):
        for attribution in batch:
            found[attribution.protein] = attribution.scores
    return found


def importance_peer(model: Model, sequences: list[str]) -> list[Any]:
    """What a pattern changes the logits of each background by, one after the other."""
    network = PlainNetwork(model).eval()
    found = []
    with torch.no_grad():
        for plain in sequences:
            start = (len(plain) - len(PATTERN)) // 2
            written = plain[:start] + PATTERN + plain[start + len(PATTERN) :]
            before, after = (network.from_embedded(network.embedding(_tokens(each))[None]) for each in (plain, written))
            found.append((after - before)[0].numpy())
    return found


def importance_ours(model: Model, sequences: list[str]) -> list[Any]:
    """The same by `pslidx`, answers kept in a folder as in an experiment."""
    import tempfile

    keep_memory()
    tokens = [encode(sequence) for sequence in sequences]
    own = np.arange(len(tokens))
    backgrounds = Backgrounds("shuffled", tokens, own, own)
    counted = np.ones((len(tokens), len(model.configuration.classes)), np.bool_)
    with tempfile.TemporaryDirectory() as folder:
        importance = Importance(NamedModel("study", model), backgrounds, counted, Parts(Path(folder) / "parts"), seed=1)
        return list(importance.of(Insertion((Part(subsequence(PATTERN)),))))


def epoch_peer(model: Model, sequences: list[str]) -> list[Any]:
    """One epoch of batches in random order."""
    network = PlainNetwork(model).train()
    optimiser = torch.optim.AdamW(network.parameters())
    tokens = [_tokens(truncated(sequence, 1000, "middle")) for sequence in sequences]
    order = np.random.default_rng(1).permutation(len(tokens))
    for first in range(0, len(order), BATCH):
        chosen = [tokens[row] for row in order[first : first + BATCH]]
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network.packed(chosen), torch.zeros(len(chosen), dtype=torch.int64))
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
    return []


def epoch_ours(model: Model, sequences: list[str], precision: Precision = "float32") -> list[Any]:
    """One epoch by `pslidx`, validation on one protein included."""
    import tempfile

    keep_memory()
    encoded = [encode(truncated(sequence, 1000, "middle")) for sequence in sequences]
    labels = np.zeros((len(encoded), len(model.configuration.classes)), np.bool_)
    labels[:, 0] = True
    with tempfile.TemporaryDirectory() as folder:
        train(
            model.configuration,
            Examples(encoded, labels),
            Examples(encoded[:1], labels[:1]),
            TrainingOptions(epochs=1, batch=BATCH, class_weights="none", precision=precision),
            state_file=Path(folder) / "state",
        )
    return []


def _tokens(sequence: str) -> Tensor:
    return torch.from_numpy(encode(sequence).astype(np.int64))


TASKS: Final[dict[str, Work]] = {
    "attention-peer": attention_peer,
    "attention-ours": attention_ours,
    "gradients-peer": gradients_peer,
    "gradients-ours": gradients_ours,
    "importance-peer": importance_peer,
    "importance-ours": importance_ours,
    "epoch-peer": epoch_peer,
    "epoch-ours": epoch_ours,
    "bfloat16-peer": epoch_ours,
    "bfloat16-ours": partial(epoch_ours, precision="bfloat16"),
}


def main() -> None:
    """Do a task on the sequences of a file, one a line; print seconds and residues, and save the scores."""
    task, model_folder, sentences, threads, scores = sys.argv[1:]
    torch.set_num_threads(int(threads))
    sequences = Path(sentences).read_text().split()
    model = open_model(model_folder)
    TASKS[task](model, sequences[:2])  # what is loaded at the first use is not counted
    began = time.perf_counter()
    found = TASKS[task](model, sequences)
    seconds = time.perf_counter() - began
    np.save(scores, np.concatenate(found) if found else np.empty(0))
    print(json.dumps({"seconds": seconds, "residues": sum(map(len, sequences))}))


if __name__ == "__main__":
    main()
