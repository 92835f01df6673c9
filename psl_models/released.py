"""Checkpoints of the published study (Interpretable Deep Text Classifiers in Protein Subcellular Localization).

Its files are pickles of a state dict, read with `weights_only`, which loads tensors and nothing else.
"""

from __future__ import annotations

import os
import pickle
import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from psl_index.errors import InputError, UsageError
from psl_models.checkpoints import network_with
from psl_models.configuration import Architecture, Configuration, Sizes
from psl_models.encoding import N_TOKENS, STUDY_CLASSES
from psl_models.layers.pooling import PoolingName
from psl_models.model import Model


def import_released(path: str | os.PathLike[str], pooling: PoolingName | None = None) -> Model:
    """Read a checkpoint of the study as a model with the study's token and class order.

    Parameters
    ----------
    path : path
        A ``.pth`` of its BiLSTM, its MLP, or its CNN-BiLSTM, with or without attention.
    pooling : PoolingName, optional
        In place of the one the file speaks for: ``attention`` where it has weights for it, otherwise ``last`` (the MLP:
        ``uniform-sum``). Some files hold attention weights that were never used.

    Raises
    ------
    InputError
        It cannot be read, is no checkpoint of the study, or holds what is not a tensor.
    UsageError
        `pooling` needs weights that the file has not, or a guide.
    """
    file = os.fspath(path)
    state = _state_dict(file)
    architecture, sizes = _recognised(state, file)
    attention = _ATTENTION[architecture == "mlp"]
    has_attention = attention[0] in state and attention[1] in state
    if pooling is None:
        pooling = "attention" if has_attention else "uniform-sum" if architecture == "mlp" else "last"
    if pooling == "attention" and not has_attention:
        raise UsageError(
            f"holds no weights of an attention ({attention[0]})", file=file, remedy="choose --pooling last"
        )
    if pooling == "guided":
        raise UsageError("a checkpoint of the study has no guide", file=file, remedy="choose another --pooling")
    if has_attention:
        sizes["attention"] = len(_matrix(state, attention[0], file))
    try:
        configuration = Configuration(architecture, pooling, STUDY_CLASSES, Sizes(**sizes))
    except UsageError as error:  # the file's sizes
        raise InputError(error.problem, file=file, remedy=_WHAT) from None
    names = _names(architecture, sizes, pooling == "attention")
    missing = [theirs for theirs in names.values() if theirs not in state]
    if missing:
        raise InputError(f"lacks the weights {missing[0]!r}", file=file, remedy=_WHAT)
    tensors = {ours: state[theirs] for ours, theirs in names.items()}
    return Model(configuration, network_with(configuration, tensors, file))


_WHAT: Final = "expected a checkpoint of the study's BiLSTM, CNN-BiLSTM or MLP"
# Names of the attention's weights, in the MLP or not.
_ATTENTION: Final = {False: ("w_omega.weight", "u_omega.weight"), True: ("w.weight", "u.weight")}


def _state_dict(file: str) -> Mapping[str, Tensor]:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Detected pickle protocol")  # whether it can be read is seen at once
            state: Any = torch.load(file, map_location="cpu", weights_only=True)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=file) from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, IndexError, AttributeError) as error:
        kind = type(error).__name__  # what torch says is long, and advises to execute the file
        raise InputError(
            f"no checkpoint that can be read without executing it ({kind})", file=file, remedy=_WHAT
        ) from None
    if isinstance(state, Mapping) and isinstance(state.get("state_dict"), Mapping):
        state = state["state_dict"]  # beside it the study stores the epoch and the state of the optimiser
    if not isinstance(state, Mapping) or not all(isinstance(tensor, Tensor) for tensor in state.values()):
        raise InputError("holds something else than named tensors", file=file, remedy=_WHAT)
    for name, tensor in state.items():
        if not _is_plain(tensor):
            raise InputError(f"holds {str(name)[:60]!r}, which are no plain weights", file=file, remedy=_WHAT)
    bare = {name.removesuffix(".weight") for names in _ATTENTION.values() for name in names}
    return {f"{name}.weight" if name in bare else str(name): tensor.float() for name, tensor in state.items()}


def _is_plain(tensor: Tensor) -> bool:
    """Whether these are numbers that are all in the file, no more than a network here can have."""
    return (
        tensor.layout is torch.strided
        and tensor.is_floating_point()
        and 1 <= tensor.ndim <= _DIMENSIONS
        and all(0 < length <= _LONGEST for length in tensor.shape)
        and tensor.untyped_storage().nbytes() >= tensor.numel() * tensor.element_size()
        and tensor.device.type == "cpu"
    )


_DIMENSIONS: Final = 3  # of a convolution
_LONGEST: Final = 1 << 16


def _recognised(state: Mapping[str, Tensor], file: str) -> tuple[Architecture, dict[str, Any]]:
    """Architecture and sizes that the tensors speak for."""
    tokens, embedding = _matrix(state, "embedding.weight", file).shape
    if tokens != N_TOKENS:
        raise InputError(f"has {tokens} tokens, expected {N_TOKENS}", file=file, remedy=_WHAT)
    sizes: dict[str, Any] = {"embedding": int(embedding)}
    if "aw.weight" in state:
        return "mlp", sizes | {"hidden": len(_matrix(state, "aw.weight", file)), "layers": 0}
    sizes["hidden"] = int(_matrix(state, "lstm.weight_hh_l0", file).shape[1])
    sizes["layers"] = sum(bool(re.fullmatch(r"lstm\.weight_hh_l[0-9]+", name)) for name in state)
    widths = (re.fullmatch(r"conv([1-9][0-9]{0,3})\.weight", name) for name in state)
    kernels = tuple(sorted(int(width[1]) for width in widths if width))
    if not kernels:
        return "bilstm", sizes
    sizes |= {"kernels": kernels, "filters": len(state[f"conv{kernels[0]}.weight"])}
    return "cnn-bilstm-small" if len(kernels) == 2 else "cnn-bilstm-large", sizes


def _matrix(state: Mapping[str, Tensor], name: str, file: str) -> Tensor:
    if name not in state or state[name].ndim != 2:
        raise InputError(f"lacks the weights {name!r}", file=file, remedy=_WHAT)
    return state[name]


def _names(architecture: Architecture, sizes: Mapping[str, Any], with_attention: bool) -> dict[str, str]:
    """Names of the study's tensors under ours."""
    names = {"embedding.table.weight": "embedding.weight"}
    if architecture == "mlp":
        names |= {f"encoder.affine.{part}": f"aw.{part}" for part in ("weight", "bias")}
    for place, kernel in enumerate(sizes.get("kernels", ())):
        for part in ("weight", "bias"):
            names[f"encoder.convolutions.convolutions.{place}.{part}"] = f"conv{kernel}.{part}"
    for layer in range(sizes["layers"]):
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
            names[f"encoder.lstm.forwards.{layer}.{part}_l0"] = f"lstm.{part}_l{layer}"
            names[f"encoder.lstm.backwards.{layer}.{part}_l0"] = f"lstm.{part}_l{layer}_reverse"
    if with_attention:
        inner, outer = _ATTENTION[architecture == "mlp"]
        names |= {"pooling.attention.inner.weight": inner, "pooling.attention.outer.weight": outer}
    return names | {f"classifier.{part}": f"fc.{part}" for part in ("weight", "bias")}
