"""Options of the commands on models: what they stand for, and what becomes of torch's errors."""

from __future__ import annotations

import pytest
import torch
from pslidx.model_options import kept_length, short_of_memory

from psl_index.errors import UsageError
from psl_models.model import device_named


def test_devices() -> None:
    assert device_named("cpu") == torch.device("cpu")
    for name in ("cpu:7", "tpu", "meta", "mps", ""):
        with pytest.raises(UsageError, match="choose auto, cpu or cuda"):
            device_named(name)


@pytest.mark.parametrize(
    ("chosen", "default", "kept"),
    [
        ((None, "middle"), 1000, 1000),
        ((None, "end"), None, None),
        ((7, "end"), 1000, 7),
        ((None, "none"), 1000, None),
    ],
)
def test_residues_that_are_kept(chosen: tuple[int | None, str], default: int | None, kept: int | None) -> None:
    assert kept_length({"max_length": chosen[0], "truncate": chosen[1]}, default) == kept


def test_a_length_to_cut_to_and_no_cutting_exclude_each_other() -> None:
    for default in (None, 1000):
        with pytest.raises(UsageError, match="leave out one of them"):
            kept_length({"max_length": 5, "truncate": "none"}, default)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB"),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
    ids=["cuda", "processor"],
)
def test_torch_out_of_memory_is_a_memory_error(error: RuntimeError) -> None:
    with pytest.raises(MemoryError), short_of_memory():
        raise error


def test_other_errors_of_torch_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shapes"), short_of_memory():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
