"""Networks: the laws of every architecture with every pooling, and a slow reference of its parts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from psl_index.errors import UsageError
from psl_models.attention import across, altered, given
from psl_models.batches import Batch, batch_of
from psl_models.configuration import ARCHITECTURES, DEFAULT_SIZES, ENCODINGS, Configuration, Sizes
from psl_models.encoding import encode
from psl_models.layers.layout import Layout
from psl_models.layers.pooling import POOLINGS
from psl_models.layers.recurrent import BidirectionalLSTM
from psl_models.model import Model
from psl_models.network import Network

CLASSES = ("Nucleus", "Cytoplasm", "Peroxisome")
SEQUENCES = ["MKTAYLVAGR", "M", "XXXX", "MSKLUBZACDEFGHIKLMNPQRSTVWYMKTAYLVAKDEL", "MKTAYLVASKL"]
NETWORKS = list(itertools.product(ARCHITECTURES, POOLINGS))


def model_of(architecture: str, pooling: str, **others: object) -> Model:
    torch.manual_seed(5)
    sizes = DEFAULT_SIZES[architecture]
    configuration = Configuration(architecture, pooling, CLASSES, sizes, **others)
    guide = model_of("bilstm", "attention") if pooling == "guided" else None
    return Model(configuration, Network(configuration).eval(), guide)


def batch(sequences: list[str]) -> Batch:
    return batch_of([encode(sequence) for sequence in sequences], np.arange(len(sequences)))


def padded(batch: Batch, columns: int) -> Batch:
    extra = torch.randint(0, 25, (len(batch.lengths), columns))  # what stands there must not matter
    return batch._replace(tokens=torch.cat([batch.tokens, extra], 1))


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_neither_padding_nor_batch_mates_change_an_answer(architecture: str, pooling: str) -> None:
    model = model_of(architecture, pooling)
    with torch.no_grad():
        together = model.answer(batch(SEQUENCES))
        wider = model.answer(padded(batch(SEQUENCES), 17))
        alone = [model.answer(batch([sequence])) for sequence in SEQUENCES]
    torch.testing.assert_close(together.logits, wider.logits, atol=1e-5, rtol=0)
    torch.testing.assert_close(together.logits, torch.cat([answer.logits for answer in alone]), atol=1e-5, rtol=0)
    for place, (sequence, answer) in enumerate(zip(SEQUENCES, alone, strict=True)):
        if answer.weights is not None and together.weights is not None:
            own = together.weights[place, : len(sequence)]
            torch.testing.assert_close(own, answer.weights[0], atol=1e-5, rtol=0)
            assert not together.weights[place, len(sequence) :].any()


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_weights_add_up_to_one_or_to_the_length(architecture: str, pooling: str) -> None:
    with torch.no_grad():
        weights = model_of(architecture, pooling).answer(batch(SEQUENCES)).weights
    if pooling == "last":
        assert weights is None
        return
    expected = [float(len(sequence)) for sequence in SEQUENCES] if pooling == "uniform-sum" else [1.0] * 5
    torch.testing.assert_close(weights.sum(1), torch.tensor(expected))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_can_be_trained_on(encoding: str) -> None:
    model = model_of("conv-blstm-attention", "attention", encoding=encoding)
    answer = model.answer(batch(SEQUENCES))
    answer.logits.sum().backward()
    learned = {name for name, tensor in model.network.named_parameters() if tensor.grad is not None}
    assert ("embedding.table.weight" in learned) == (encoding == "embedding")
    assert "classifier.weight" in learned


def test_blosum62_is_the_matrix_and_padding_is_zero() -> None:
    table = model_of("bilstm", "attention", encoding="blosum62").network.embedding.table.weight
    tokens = torch.from_numpy(encode("WAX").astype(np.int64))
    alphabetical = "ACDEFGHIKLMNPQRSTVWY"
    assert table[tokens[0], alphabetical.index("W")] == 11 / 4
    assert table[tokens[1], alphabetical.index("S")] == 1 / 4
    assert not table[24].any()


def test_the_two_directions_are_those_of_a_packed_bidirectional_lstm() -> None:
    torch.manual_seed(1)
    ours, theirs = BidirectionalLSTM(6, 4, 2), nn.LSTM(6, 4, 2, bidirectional=True)
    for layer in range(2):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            for module, suffix in ((ours.forwards[layer], ""), (ours.backwards[layer], "_reverse")):
                value = getattr(theirs, f"{part}_l{layer}{suffix}")
                getattr(module, f"{part}_l0").data.copy_(value.data)
    lengths = torch.tensor([9, 1, 5])
    inputs = torch.randn(9, 3, 6)
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, enforce_sorted=False)
    expected, _ = nn.utils.rnn.pad_packed_sequence(theirs(packed)[0])
    layout = Layout(lengths, 9)
    found = ours(inputs, layout) * layout.mask.T[..., None]
    torch.testing.assert_close(found, expected)


def test_the_last_states_are_the_last_forward_and_the_first_backward() -> None:
    model = model_of("bilstm", "last")
    asked = batch(["MKTAYLVA", "MSKL"])
    with torch.no_grad():
        embedded = model.network.embed(asked.tokens)
        states = model.network.states(embedded, asked.lengths)
        pooled = torch.stack([torch.cat([states[0, 7, :40], states[0, 0, 40:]]),
                              torch.cat([states[1, 3, :40], states[1, 0, 40:]])])  # fmt: skip
        torch.testing.assert_close(model.answer(asked).logits, model.network.classifier(pooled))


def test_sizes_change_the_network() -> None:
    small = Network(Configuration("bilstm", "attention", CLASSES, Sizes(hidden=8, layers=1, attention=4)))
    assert small.classifier.in_features == 16
    assert len(small.encoder.lstm.forwards) == 1


def test_controls_keep_what_they_should() -> None:
    model, asked = model_of("bilstm", "attention"), batch(SEQUENCES)
    with torch.no_grad():
        learned = model.answer(asked).weights
        uniform = model.answer(asked, altered("uniform", asked, 0)).weights
        permuted = model.answer(asked, altered("permuted", asked, 0)).weights
        random = model.answer(asked, altered("random", asked, 0)).weights
    for place, sequence in enumerate(SEQUENCES):
        length = len(sequence)
        assert uniform[place, :length].tolist() == pytest.approx([1 / length] * length)
        torch.testing.assert_close(permuted[place, :length].sort().values, learned[place, :length].sort().values)
        ratio = random[place, :length].max() / random[place, :length].min()
        assert 1 <= ratio <= np.e
    assert not torch.equal(permuted, learned)
    assert altered("learned", asked, 0) is None


@pytest.mark.parametrize("name", ["permuted", "random"])
def test_what_is_random_depends_on_the_protein_and_the_seed_alone(name: str) -> None:
    model = model_of("bilstm", "attention")

    def weights(sequences: list[str], place: int, seed: int) -> torch.Tensor:
        asked = batch(sequences)
        with torch.no_grad():
            answer = model.answer(asked, altered(name, asked, seed))
        return answer.weights[place, : len(sequences[place])]

    long = SEQUENCES[3]
    torch.testing.assert_close(weights(SEQUENCES, 3, 7), weights([long], 0, 7))
    assert not torch.allclose(weights([long], 0, 7), weights([long], 0, 8))


def test_a_model_without_attention_says_so() -> None:
    asked = batch(SEQUENCES)
    for pooling, name in [("last", "uniform"), ("uniform", "permuted")]:
        with pytest.raises(UsageError, match="attention"):
            model_of("bilstm", pooling).answer(asked, altered(name, asked, 0))
    guided = model_of("mlp", "guided")
    with pytest.raises(UsageError, match="guided by another"):
        Model(guided.configuration, guided.network).answer(asked)


def test_guided_models_pool_with_the_weights_of_their_guide() -> None:
    model, asked = model_of("mlp", "guided"), batch(SEQUENCES)
    with torch.no_grad():
        guide = model.guide.answer(asked).weights
        torch.testing.assert_close(model.answer(asked).weights, guide)
        handed_in = [np.full(len(sequence), 1 / len(sequence), np.float32) for sequence in SEQUENCES]
        answer = model.answer(asked, given(handed_in, asked.tokens.shape[1]))
        uniform = model.answer(asked, altered("uniform", asked, 0))
    torch.testing.assert_close(answer.logits, uniform.logits)


def test_weights_across_a_batch_stand_where_the_studys_code_puts_them() -> None:
    """Scores are walked through position by position, all proteins at each, and dealt out to the proteins in turn."""
    scores = torch.tensor(
        [[0.5, 1.0, -2.0, 3.0], [0.1, -1.0, 2.0, -torch.inf], [4.0, -torch.inf, -torch.inf, -torch.inf]]
    )
    layout = Layout(torch.tensor([4, 3, 1]), 4)
    walked = [float(scores[protein, place]) for place in range(4) for protein in range(3)]
    laid_out = across(scores, layout)
    for protein in range(3):
        row = np.exp(walked[4 * protein : 4 * protein + 4])
        np.testing.assert_allclose(laid_out[protein], row / row.sum(), rtol=1e-6)
    alone = across(scores[:1], Layout(torch.tensor([4]), 4))
    torch.testing.assert_close(alone, torch.softmax(scores[:1], 1))


def test_a_row_of_padding_alone_weighs_nothing_across_a_batch() -> None:
    scores = torch.full((8, 2), -torch.inf)
    scores[0] = 1.0
    laid_out = across(scores, Layout(torch.tensor([2] + [1] * 7), 2))
    assert torch.isfinite(laid_out).all()
    assert laid_out.sum(1).tolist() == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0]
    with pytest.raises(UsageError, match="has no attention"):
        across(None, Layout(torch.tensor([2]), 2))
