"""Options of the commands on models: what they stand for, and what becomes of torch's errors."""

from __future__ import annotations

import pytest
import torch
from pslidx.model_options import short_of_memory

from psl_index.errors import UsageError
from psl_models.model import device_named


def test_devices() -> None:
    assert device_named("cpu") == torch.device("cpu")
    for name in ("cpu:7", "tpu", "meta", "mps", ""):
        with pytest.raises(UsageError, match="choose auto, cpu or cuda"):
            device_named(name)


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
