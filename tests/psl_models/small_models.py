"""Small models with random weights, for the laws of attributions."""

from __future__ import annotations

import itertools

import numpy as np
import torch

from psl_models.attribution.method import Method, explaining
from psl_models.batches import Batch, batch_of
from psl_models.configuration import ARCHITECTURES, Configuration, Sizes
from psl_models.encoding import encode
from psl_models.layers.pooling import POOLINGS
from psl_models.model import Model
from psl_models.network import Network

NETWORKS = list(itertools.product(ARCHITECTURES, POOLINGS))
SEQUENCES = ["MKTAYLV", "W", "XXXX", "MSUBZKLHE"]
TARGETS = torch.tensor([0, 2, 1, 2])
CLASSES = ("Nucleus", "Cytoplasm", "Peroxisome")
SIZES = {
    "mlp": Sizes(embedding=4, hidden=5, layers=0, attention=6),
    "bilstm": Sizes(embedding=4, hidden=3, layers=2, attention=6),
    "cnn-bilstm-small": Sizes(embedding=4, kernels=(3, 5), filters=3, hidden=3, layers=2, attention=6),
    "cnn-bilstm-large": Sizes(embedding=4, kernels=(3, 5, 7, 11), filters=2, hidden=3, layers=2, attention=6),
    "conv-blstm-attention": Sizes(
        embedding=4, kernels=(1, 3, 21), filters=3, convolution=4, hidden=3, layers=1, attention=6, dropout=0.25
    ),
}


def small_model(architecture: str, pooling: str, *, double: bool = False) -> Model:
    """A model with its guide, if its pooling needs one; the weights are the same in each call."""
    generator = torch.Generator().manual_seed(7)
    configuration = Configuration(architecture, pooling, CLASSES, SIZES[architecture])
    network = Network(configuration).eval()
    for parameter in network.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.7
    guide = small_model("bilstm", "attention", double=double) if pooling == "guided" else None
    return Model(configuration, network.double() if double else network, guide)


def batch(sequences: list[str], extra: int = 0) -> Batch:
    """A batch, with columns of residues beyond the ends of the proteins, which must not matter."""
    tight = batch_of([encode(sequence) for sequence in sequences], np.arange(len(sequences)))
    beyond = torch.randint(0, 25, (len(sequences), extra), generator=torch.Generator().manual_seed(1))
    return tight._replace(tokens=torch.cat([tight.tokens, beyond], 1))


def check_that_neither_padding_nor_batch_mates_matter(model: Model, method: Method, tolerance: float = 1e-5) -> None:
    """Scores of proteins together, wider, and one by one; shapes, types, and gaps too."""
    with explaining(model, budget=200, seed=0) as explained:
        together = method.explain(explained, batch(SEQUENCES), TARGETS)
        wider = method.explain(explained, batch(SEQUENCES, extra=13), TARGETS)
        assert together.residues.shape == (4, 9)
        assert together.residues.dtype == torch.float32
        for place, sequence in enumerate(SEQUENCES):
            length = len(sequence)
            alone = method.explain(explained, batch([sequence]), TARGETS[place : place + 1])
            assert torch.isfinite(alone.residues).all()
            for among in (together, wider):
                found = among.residues[place, :length]
                torch.testing.assert_close(found, alone.residues[0], atol=tolerance, rtol=0)
                if alone.gaps is not None:
                    assert among.gaps is not None
                    torch.testing.assert_close(among.gaps[place], alone.gaps[0], atol=1e-4, rtol=1e-3)


def model_that_sees_one_residue(sequence: str) -> tuple[Model, int]:
    """A model without context whose guide gives all weight to one residue, and the place of that residue from 0."""
    model = small_model("mlp", "guided")
    model.guide = small_model("mlp", "attention")
    attention = model.guide.network.pooling.attention
    assert attention is not None
    attention.outer.weight.data.mul_(1e6)  # so that the softmax is 1 at one place, and exactly 0 elsewhere
    weights = model.guide.answer(batch([sequence])).weights
    assert weights is not None
    assert sorted(weights[0].tolist()) == [0.0] * (len(sequence) - 1) + [1.0]
    return model, int(weights[0].argmax())
