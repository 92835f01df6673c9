"""Models on disk: a folder with ``config.json`` and ``model.safetensors``, and the same of its guide in ``guide/``.

No pickle is written, read or executed: safetensors hold numbers only (https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Final

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from psl_index.durable import write_durably
from psl_index.errors import InputError, OutputError
from psl_models.configuration import Configuration, configuration_from
from psl_models.model import Model
from psl_models.network import Network

CONFIGURATION: Final = "config.json"
WEIGHTS: Final = "model.safetensors"
GUIDE: Final = "guide"
_LARGEST: Final = 1 << 31  # bytes of weights; the study's networks have half a million


def open_model(folder: str | os.PathLike[str], device: torch.device | None = None) -> Model:
    """Read a model; it is in evaluation mode.

    Parameters
    ----------
    folder : path
    device : torch.device, optional
        Where to put it; the processor by default.

    Raises
    ------
    InputError
        The folder holds no model, or one that is damaged, of another version, or of another architecture than it says.
    """
    path = Path(folder)
    if not path.is_dir():
        problem = "is no folder" if path.exists() else "is not there"
        raise InputError(f"{problem}, expected a model", file=str(folder), remedy=_MAKE_ONE)
    configuration = configuration_from(_bytes_of(path / CONFIGURATION), str(path / CONFIGURATION))
    network = network_with(configuration, tensors_of(path / WEIGHTS), str(path / WEIGHTS)).to(device)
    guide = open_model(path / GUIDE, device) if configuration.pooling == "guided" else None
    return Model(configuration, network, guide)


def save_model(model: Model, folder: Path) -> None:
    """Write a model into a folder that is there; what is complete has its configuration, which is written last.

    Raises OutputError where something cannot be written.
    """
    if model.guide is not None:
        (folder / GUIDE).mkdir(exist_ok=True)
        save_model(model.guide, folder / GUIDE)
    save_file(folder / WEIGHTS, weights_of(model.network))
    save_file(folder / CONFIGURATION, as_text(model.configuration))


def save_file(path: Path, content: bytes) -> None:
    """Write a file that appears whole or not at all, and is on disk on return; raises OutputError."""
    try:
        write_durably(path, content)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=str(path)) from error


def as_text(configuration: Configuration) -> bytes:
    """A configuration as it is stored."""
    return (json.dumps(configuration.as_json(), indent=2) + "\n").encode()


def weights_of(network: Network) -> bytes:
    """The weights of a network as a safetensors file, byte for byte the same for the same weights."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    return safetensors.torch.save(tensors, metadata={"format": "pt"})


def tensors_of(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file; raises InputError where it is damaged or none."""
    content = _bytes_of(path)
    try:
        return safetensors.torch.load(content)
    except safetensors.SafetensorError as error:
        if content.startswith(_PICKLES):
            problem, remedy = "a pickle, which is never loaded, expected safetensors", _IMPORT
        else:
            problem, remedy = f"not a safetensors file, or a damaged one ({error})", _AGAIN
        raise InputError(problem, file=str(path), remedy=remedy) from None


def network_with(configuration: Configuration, tensors: dict[str, Tensor], file: str) -> Network:
    """A network with tensors from a file, under the names they have there; it is in evaluation mode.

    Raises
    ------
    InputError
        One is missing, unknown, of another shape or kind, or holds what is no number.
    """
    with torch.device("meta"):  # without memory, for the configuration may ask for any amount of it
        expected = Network(configuration).state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        if name not in tensors:
            raise InputError(f"lacks the weights {name!r}", file=file, remedy=_OTHER)
        if name not in expected:
            raise InputError(f"holds weights {name!r}, which this network has not", file=file, remedy=_OTHER)
        found, wanted = tensors[name], expected[name]
        if found.shape != wanted.shape or not found.is_floating_point():
            shapes = f"{tuple(found.shape)} of {found.dtype}, expected {tuple(wanted.shape)} of {wanted.dtype}"
            raise InputError(f"weights {name!r} are {shapes}", file=file, remedy=_OTHER)
        if not torch.isfinite(found).all():
            raise InputError(f"weights {name!r} hold NaN or infinity", file=file, remedy="train it again")
    network = Network(configuration)
    network.load_state_dict(tensors)
    return network.eval()


_PICKLES: Final = (b"PK\x03\x04", *(bytes([0x80, protocol]) for protocol in range(2, 6)))  # as torch writes, or bare
_AGAIN: Final = "copy the model again"
_IMPORT: Final = "for a checkpoint of the study use `pslidx import-checkpoint`"
_OTHER: Final = "config.json and the weights are not of the same model"
_MAKE_ONE: Final = "make one with `pslidx train`"


def _bytes_of(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"holds more than {_LARGEST:,} bytes", file=str(path), remedy=_AGAIN)
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"has no {path.name}, expected a model", file=str(path.parent), remedy=_MAKE_ONE) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=str(path)) from None
