"""What has to be known to build a network, as it is stored beside its weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from psl_index.errors import InputError
from psl_models.encoding import TRUNCATIONS, Truncation
from psl_models.layers.pooling import POOLINGS, PoolingName

Task = Literal["single-label", "multi-label"]
Encoding = Literal["embedding", "one-hot", "blosum62"]
Architecture = Literal["mlp", "bilstm", "cnn-bilstm-small", "cnn-bilstm-large", "conv-blstm-attention"]
TASKS: Final = get_args(Task)
ENCODINGS: Final = get_args(Encoding)
ARCHITECTURES: Final = get_args(Architecture)

FORMAT: Final = "pslidx model"
FORMAT_VERSION: Final = 1


@dataclass(frozen=True)
class Sizes:
    """Numbers of units; those a network does not have count for nothing.

    Attributes
    ----------
    embedding : int
        Channels of a learned embedding.
    kernels : tuple of int
        Widths of the convolutions in residues.
    filters : int
        Channels of each of them.
    convolution : int
        Channels of the 3-wide convolution over them; 0 for none.
    hidden : int
        LSTM units of a direction; of the MLP all.
    layers : int
        Of LSTMs.
    attention : int
        Units of the attention.
    dropout : float
        Share of input channels and of pooled units that training leaves out.
    """

    embedding: int = 20
    kernels: tuple[int, ...] = ()
    filters: int = 0
    convolution: int = 0
    hidden: int = 40
    layers: int = 2
    attention: int = 512
    dropout: float = 0.0


#: The sizes each architecture has unless told otherwise: the study's, and for the last those of Sonderby et al. 2015.
DEFAULT_SIZES: Final[dict[Architecture, Sizes]] = {
    "mlp": Sizes(hidden=80, layers=0),
    "bilstm": Sizes(),
    "cnn-bilstm-small": Sizes(kernels=(3, 5), filters=10),
    "cnn-bilstm-large": Sizes(kernels=(3, 5, 7, 11), filters=5),
    "conv-blstm-attention": Sizes(
        kernels=(1, 3, 5, 9, 15, 21), filters=10, convolution=64, hidden=64, layers=1, attention=64, dropout=0.25
    ),
}


@dataclass(frozen=True)
class Configuration:
    """A network, and what it is used on.

    Attributes
    ----------
    architecture : Architecture
    pooling : PoolingName
    classes : tuple of str
        Names, in the order of the outputs.
    sizes : Sizes
    task : Task
        One class a protein (softmax), or any number of them (a sigmoid each).
    encoding : Encoding
        Of residues: an embedding that is learned, a unit vector, or a row of BLOSUM62.
    max_length : int or None
        Residues that it was trained on at most.
    truncate : Truncation
        What longer proteins lost in training.
    thresholds : tuple of float
        Probability above which a class is predicted, of each class; empty for a single label.
    """

    architecture: Architecture
    pooling: PoolingName
    classes: tuple[str, ...]
    sizes: Sizes = Sizes()
    task: Task = "single-label"
    encoding: Encoding = "embedding"
    max_length: int | None = None
    truncate: Truncation = "none"
    thresholds: tuple[float, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """What `configuration_from` reads."""
        return {"format": FORMAT, "version": FORMAT_VERSION, **dataclasses.asdict(self)}


def configuration_from(text: bytes, file: str) -> Configuration:
    """Read a configuration as it is stored.

    Raises
    ------
    InputError
        It is no configuration, of another version, or says something this version does not know.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a model's configuration ({error})", file=file, remedy=_AGAIN) from None
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise InputError("not a model's configuration", file=file, remedy="name a folder that `pslidx train` made")
    if stored.get("version") != FORMAT_VERSION:
        raise InputError(
            f"a model of version {stored.get('version')!r}, expected {FORMAT_VERSION}",
            file=file,
            remedy="use the version of pslidx that made it, or train it again",
        )
    fields = _fields(stored, Configuration, file, beside=("format", "version"))
    fields["sizes"] = _sizes(fields["sizes"], file)
    for name, choices in _CHOICES.items():
        if fields[name] not in choices:
            raise _unexpected(name, fields[name], f"one of {', '.join(choices)}", file)
    fields["classes"] = _tuple_of(str, "classes", fields["classes"], file)
    fields["thresholds"] = _tuple_of(float, "thresholds", fields["thresholds"], file)
    _check(fields, file)
    return Configuration(**fields)


_AGAIN: Final = "copy the model again"
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "architecture": ARCHITECTURES,
    "pooling": POOLINGS,
    "task": TASKS,
    "encoding": ENCODINGS,
    "truncate": TRUNCATIONS,
}
_MOST_UNITS: Final = 1 << 16  # of anything: beyond it lies a file that was tampered with


def _fields(stored: Any, kind: type, file: str, beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """Values of the fields of the dataclass `kind`, all of which must be there, and nothing else."""
    names = {field.name for field in dataclasses.fields(kind)}
    found = set(stored) if isinstance(stored, dict) else set()
    missing, unknown = sorted(names - found), sorted(found - names - set(beside))
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"says {unknown[0]!r}, which is not known"
        raise InputError(what, file=file, remedy=_AGAIN)
    return {name: stored[name] for name in names}


def _sizes(stored: Any, file: str) -> Sizes:
    fields = _fields(stored, Sizes, file)
    fields["kernels"] = _tuple_of(int, "kernels", fields["kernels"], file)
    numbers = {name: (number,) for name, number in fields.items() if name not in ("kernels", "dropout")}
    numbers["kernels"] = fields["kernels"]
    for name, values in numbers.items():
        if not all(type(value) is int and 0 <= value <= _MOST_UNITS for value in values):
            raise _unexpected(name, fields[name], f"whole numbers up to {_MOST_UNITS:,}", file)
    if type(fields["dropout"]) not in (int, float) or not 0 <= fields["dropout"] < 1:
        raise _unexpected("dropout", fields["dropout"], "a share from 0 to below 1", file)
    return Sizes(**fields)


def _tuple_of(kind: type, name: str, values: Any, file: str) -> tuple[Any, ...]:
    if not isinstance(values, list) or not all(type(value) is kind for value in values):
        raise _unexpected(name, values, f"a list of {kind.__name__}", file)
    return tuple(values)


def _check(fields: dict[str, Any], file: str) -> None:
    classes, thresholds, max_length = fields["classes"], fields["thresholds"], fields["max_length"]
    if len(classes) < 2 or len(set(classes)) < len(classes):
        raise _unexpected("classes", list(classes), "at least two different names", file)
    if thresholds and len(thresholds) != len(classes):
        raise _unexpected("thresholds", list(thresholds), f"{len(classes)} of them", file)
    if max_length is not None and (type(max_length) is not int or max_length < 1):
        raise _unexpected("max_length", max_length, "a number of residues", file)


def _unexpected(name: str, found: Any, expected: str, file: str) -> InputError:
    return InputError(f"{name} is {json.dumps(found)[:60]}, expected {expected}", file=file, remedy=_AGAIN)
