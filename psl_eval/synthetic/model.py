"""The numbers that make a proteome resemble Swiss-Prot, tuned against the k-mer spectrum of DeepLoc 2.0.

At DeepLoc 2.0's size distinct k-mers and mean hits of queries cut from the set are within 20 % of it, for k from 5 to
20; `benchmarks/generator.py` prints both. Related proteins and low-complexity stretches make most hits, and they grow
differently. Families keep their size however large the proteome is, and so do the hits that they give. Hits of
low-complexity queries grow in proportion to it, as they do in random parts of DeepLoc 2.0: there 1.1 % of 8-mers have
at most three kinds of residue and give more than half of the hits elsewhere; at thirteen times its size these would
be nearly all.

Swiss-Prot itself differs from DeepLoc 2.0: it holds bacteria, with fewer such stretches, and larger families. And the
generator makes too few queries of ten to a hundred hits: in DeepLoc 2.0 one 12-mer in a thousand has more than 18, here
more than 9.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic._family_kernels import PROTECTED, SITE_CLASSES


@dataclass(frozen=True)
class Model:
    """Parameters of a proteome.

    Attributes
    ----------
    size_exponent, largest_family : float, int
        A family has at least s members with probability ``s ** -size_exponent``.
    copy_share : float
        Share of members that are near-identical copies of another (up to 3 % of residues differ); the others
        differ from it by 5 to 70 %.
    rate_shape : float
        Shape of the gamma distribution of sites' rates: the smaller, the more conserved blocks.
    composition_spread : float
        Standard deviation of the logarithm of families' shares of a residue, about Swiss-Prot's.
    runs, tandem_repeats : float
        Runs of one residue, and repeats of longer units, per 1,000 residues of ancestor.
    moved_share : float
        Share of members that lose their family's signal and with it its location.
    annotated_share : float
        Share of families that have a SUBCELLULAR LOCATION comment.
    """

    size_exponent: float = 1.85
    largest_family: int = 200
    copy_share: float = 0.25
    rate_shape: float = 0.6
    composition_spread: float = 0.12
    runs: float = 0.65
    tandem_repeats: float = 0.15
    moved_share: float = 0.03
    annotated_share: float = 0.8


def family_sizes(model: Model, rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Members of each of `count` families, from 1."""
    sizes = rng.random(count) ** (-1.0 / model.size_exponent)
    return np.minimum(sizes, model.largest_family).astype(np.int64)


def family_lengths(rng: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Residues of each family's ancestor: log-normal about a mean of 365, with a few peptides and giants."""
    lengths = rng.lognormal(np.log(280), 0.68, count)
    kind = rng.random(count)
    giants, peptides = kind < 0.01, kind > 0.99
    lengths[giants] = rng.lognormal(np.log(1500), 0.9, int(giants.sum()))
    lengths[peptides] = rng.uniform(2, 50, int(peptides.sum()))
    return np.clip(lengths, 2, 35_000).astype(np.int64)


def divergences(model: Model, rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Share of residues in which each member differs from the one it derives from."""
    copies = rng.random(count) < model.copy_share
    return np.where(copies, rng.uniform(0.0, 0.03, count), rng.uniform(0.05, 0.70, count))


def change_thresholds(model: Model, divergence: npt.NDArray[np.float64]) -> npt.NDArray[np.uint16]:
    """Probability (of 2**16) that a site of each rate class changes, uint16 of shape (members, SITE_CLASSES).

    Classes below `PROTECTED` are equally frequent and have gamma-distributed rates; their mean probability is
    the divergence. Sites of a signal have a sixth of the mean rate; fixed ones never change.
    """
    sample = np.sort(np.random.default_rng(0).gamma(model.rate_shape, 1.0, 16 << 12))
    rates = sample.reshape(PROTECTED, -1).mean(axis=1)
    rates /= rates.mean()
    times = np.geomspace(1e-4, 1e3, 512)
    reached = (1.0 - np.exp(-np.outer(times, rates))).mean(axis=1)
    time = np.interp(divergence, reached, times, left=0.0)
    chances = np.zeros((divergence.size, SITE_CLASSES))
    chances[:, :PROTECTED] = 1.0 - np.exp(-np.outer(time, rates))
    chances[:, PROTECTED] = 1.0 - np.exp(-time / 6)
    return np.asarray(np.rint(chances * 65535), np.uint16)
