"""What the options of `pslidx train` come to: classes, sizes, guide and split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pslidx.training_request import configuration_of, dataset_of, guide_of, split_of

from psl_index.errors import InputError, UsageError
from psl_models.checkpoints import save_model
from psl_models.configuration import Configuration, Sizes
from psl_models.datasets import Dataset
from psl_models.model import Model
from psl_models.network import Network

NOT_GIVEN = (
    "labels", "columns", "classes", "split", "split_file", "split_column", "clusters", "partitions", "fractions",
    "embedding", "kernels", "filters", "convolution", "hidden", "layers", "attention", "dropout", "max_length",
)  # fmt: skip


def chosen(**options: Any) -> dict[str, Any]:
    defaults = {
        "multi_label": False, "skip_bad": False, "architecture": "bilstm", "pooling": "attention",
        "encoding": "embedding", "truncate": "middle", "seed": 1,
    }  # fmt: skip
    return dict.fromkeys(NOT_GIVEN) | defaults | options


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    names = ["Cell.membrane", "Nucleus"]
    records = [f">P{number:05d} {names[number % 2]}\nMKT\n" for number in range(100)]
    (tmp_path / "proteins.fasta").write_text("".join(records))
    return dataset_of(str(tmp_path / "proteins.fasta"), chosen())


def test_classes_are_those_that_occur_or_those_that_are_named(dataset: Dataset) -> None:
    assert configuration_of(dataset, chosen()).classes == ("Nucleus", "Cell.membrane")
    named = chosen(classes="Cell membrane, nucleus ,Lung")
    assert configuration_of(dataset, named).classes == ("Cell.membrane", "Nucleus", "Lung")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"hidden": 1 << 17}, "hidden is 131072, expected whole numbers up to 65,536"),
        ({"architecture": "mlp", "layers": 2}, "--layers is given, which mlp with"),
        ({"convolution": 3}, "--convolution is given, which bilstm with"),
        ({"pooling": "uniform", "attention": 5}, "--attention is given.*it has --embedding, --hidden, --layers"),
        ({"encoding": "blosum62", "embedding": 5}, "--embedding is given.*it has --hidden"),
        ({"truncate": "none", "max_length": 500}, "--truncate none keeps proteins whole, whatever --max-length"),
    ],
)
def test_sizes_that_cannot_be(dataset: Dataset, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        configuration_of(dataset, chosen(**options))


def test_proteins_in_no_cluster_are_counted(dataset: Dataset, tmp_path: Path) -> None:
    clusters = tmp_path / "clusters.tsv"
    clusters.write_text("".join(f"P{number - number % 2:05d}\tP{number:05d}\n" for number in range(97)))
    split, in_words = split_of(dataset, chosen(split="cluster", clusters=str(clusters)))
    assert np.array_equal(split[:96:2], split[1:96:2])
    assert in_words == (
        "whole clusters of clusters.tsv at random (70%, 15%, 15%; seed 1); 3 proteins in no cluster, each by itself"
    )


def test_clusters_of_other_proteins_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    clusters = tmp_path / "clusters.tsv"
    clusters.write_text("Q00001\tQ00002\n")
    with pytest.raises(InputError, match=r"clusters\.tsv: holds none of the 100 proteins, the first is P00000; name"):
        split_of(dataset, chosen(split="cluster", clusters=str(clusters)))


def test_a_guide_is_put_on_the_device_that_was_asked_for(tmp_path: Path) -> None:
    configuration = Configuration(
        "bilstm", "attention", ("a", "b"), Sizes(embedding=2, hidden=2, layers=1, attention=2)
    )
    save_model(Model(configuration, Network(configuration)), tmp_path)
    guided = Configuration("mlp", "guided", ("a", "b"))
    (tmp_path / "training_set.tsv").write_text("accession\tsplit\tsequence\nP12345\ttrain\t\n")
    guide, rows = guide_of(guided, str(tmp_path), torch.device("meta"))
    assert guide is not None
    assert guide.device.type == "meta"
    assert rows == ["P12345\ttrain\t"]
    with pytest.raises(InputError, match="none: is not there, expected a model; make one with"):
        guide_of(guided, "none", torch.device("cpu"))
