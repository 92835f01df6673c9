"""Where each filter of a network's first convolutions fires most in each protein."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from psl_eval.experiments.models import NamedModel
from psl_index.errors import UsageError
from psl_index.progress import Progress
from psl_models.architectures.cnn_bilstm import CnnBiLSTM
from psl_models.architectures.conv_blstm import ConvBLSTM
from psl_models.attention import generator_of, residues_of
from psl_models.batches import Batch, batches_of
from psl_models.layers.convolutions import ParallelConvolutions
from psl_models.layers.layout import Layout
from psl_models.model import Model
from psl_models.prediction import BUDGET, encoded_proteins

PEAK_ROWS: Final = pa.schema(
    [
        pa.field("protein", pa.int64(), nullable=False),  # number among those given, from 0
        pa.field("filter", pa.int64(), nullable=False),  # number among those of the model, from 0
        pa.field("activation", pa.float32(), nullable=False),  # before the ReLU; the largest of the protein
        pa.field("position", pa.int64(), nullable=False),  # of the residue in the middle of the filter, from 0
    ]
)
_ALIKE: Final = 1e-5  # share of an activation that rounding may take


class Peaks(NamedTuple):
    """The largest activation of f filters in each of n proteins."""

    activations: npt.NDArray[np.float32]  # (n, f), before the ReLU: a filter is silent where it is not above 0
    positions: npt.NDArray[np.int64]  # (n, f), of the residue in the middle, from 0


def convolutions_of(named: NamedModel) -> ParallelConvolutions:
    """The first convolutions of a model.

    Raises
    ------
    UsageError
        It has none.
    """
    encoder = named.model.network.encoder
    if isinstance(encoder, ConvBLSTM):
        return encoder.motifs
    if isinstance(encoder, CnnBiLSTM):
        return encoder.convolutions
    problem = f"{named.name} has no filters, for it is of the architecture {named.model.configuration.architecture}"
    raise UsageError(problem, remedy="give a model with convolutions, such as cnn-bilstm-large-attention")


def widths_of(convolutions: ParallelConvolutions) -> list[int]:
    """Residues that each filter sees, in the order of their numbers."""
    return [
        int(convolution.kernel_size[0])  # type: ignore[index]
        for convolution in convolutions.convolutions
        for _ in range(int(convolution.out_channels))  # type: ignore[arg-type]
    ]


def peaks_table(
    model: Model,
    convolutions: ParallelConvolutions,
    sequences: Sequence[str],
    seed: int,
    report: Callable[[Progress], None],
) -> pa.Table:
    """The `Peaks` of proteins as rows of `PEAK_ROWS`, by protein and then by filter.

    A filter often fires alike at several places: one of width 1 wherever its residue stands. Which of them counts is
    drawn from the seed and the residues of the protein; the first would seem to prefer the N-terminus.
    """
    encoded = encoded_proteins(sequences)
    n, filters = len(encoded), convolutions.channels
    activations, positions = np.empty((n, filters), np.float32), np.empty((n, filters), np.int64)
    done = 0
    for batch in batches_of(encoded, BUDGET):
        here = batch.to(model.device)
        with torch.inference_mode():
            mask = Layout(here.lengths, here.tokens.shape[1]).mask[:, None, :]
            inputs = model.network.embed(here.tokens).transpose(1, 2) * mask
            of_filters = torch.cat([convolve(inputs) for convolve in convolutions.convolutions], dim=1)
            silenced = of_filters.masked_fill(~mask, -torch.inf)
            largest = silenced.max(dim=2).values
            alike = silenced >= (largest - _ALIKE * largest.abs())[:, :, None]
            order = _orders(batch, seed).to(model.device)[:, None, :]
        activations[batch.rows] = largest.float().cpu().numpy()
        positions[batch.rows] = order.masked_fill(~alike, -1).argmax(dim=2).cpu().numpy()
        done += len(batch.rows)
        report(Progress("filters", done, n, "proteins"))
    columns = [
        pa.array(np.repeat(np.arange(n), filters)),
        pa.array(np.tile(np.arange(filters), n)),
        pa.array(activations.ravel()),
        pa.array(positions.ravel()),
    ]
    return pa.Table.from_arrays(columns, schema=PEAK_ROWS)


def peaks_of(table: pa.Table, n: int) -> Peaks:
    """The `Peaks` of n proteins from the rows of `peaks_table`."""
    return Peaks(
        table["activation"].to_numpy().astype(np.float32).reshape(n, -1),
        table["position"].to_numpy().astype(np.int64).reshape(n, -1),
    )


def highest(peaks: Peaks, number: int, most: int) -> npt.NDArray[np.int64]:
    """Numbers of the proteins in which a filter fires most, at most `most`, the strongest first; none where silent."""
    activations = peaks.activations[:, number]
    order = np.argsort(-activations, kind="stable")[:most]
    return order[activations[order] > 0]


def _orders(batch: Batch, seed: int) -> torch.Tensor:
    """A random rank of each residue of each protein, int64 of shape (n, width)."""
    orders = np.zeros(tuple(batch.tokens.shape), np.int64)
    for row, residues in zip(orders, residues_of(batch), strict=True):
        row[: len(residues)] = generator_of(residues, seed).permutation(len(residues))
    return torch.from_numpy(orders)
