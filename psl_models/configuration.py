"""What has to be known to build a network, as it is stored beside its weights."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from psl_index.errors import InputError, UsageError
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
    """Numbers of units; those a network does not have (`sizes_of`) count for nothing.

    Attributes
    ----------
    embedding : int
        Channels of a learned embedding.
    kernels : tuple of int
        Widths of the convolutions in residues: odd, ascending.
    filters : int
        Channels of each of them.
    convolution : int
        Channels of the 3-wide convolution over them.
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

    Raises
    ------
    UsageError
        There can be no such network, or its classes cannot be told apart or written into a table.
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

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            _expect(getattr(self, name) in choices, name, getattr(self, name), f"one of {', '.join(choices)}")
        for name in _NUMBERS:
            number = getattr(self.sizes, name)
            most = _MOST_LAYERS if name == "layers" else _MOST_UNITS
            _expect(type(number) is int and 0 <= number <= most, name, number, f"whole numbers up to {most:,}")
        kernels, dropout = self.sizes.kernels, self.sizes.dropout
        widths = all(type(width) is int and width % 2 and 0 < width <= _WIDEST for width in kernels)
        ascending = widths and list(kernels) == sorted(set(kernels))
        _expect(ascending, "kernels", kernels, f"odd numbers up to {_WIDEST:,}, ascending")
        _expect(type(dropout) in (int, float) and 0 <= dropout < 1, "dropout", dropout, "a share from 0 to below 1")
        for name in sizes_of(self.architecture, self.pooling, self.encoding):
            _expect(name == "dropout" or bool(getattr(self.sizes, name)), name, getattr(self.sizes, name), "at least 1")
        for name in self.classes:
            writable = bool(name) and name.isprintable() and name == name.strip() and not {"|", ";"} & set(name)
            _expect(writable, "a class", name, "a name without | or ;")
            _expect(name not in RESULT_COLUMNS, "a class", name, "another name, for this is a column of the results")
        several = 1 < len(self.classes) == len(set(self.classes))
        _expect(several, "classes", self.classes, "at least two different names")
        thresholds, max_length = self.thresholds, self.max_length
        of_classes = len(thresholds) in (0, len(self.classes)) and all(0 <= number <= 1 for number in thresholds)
        _expect(of_classes, "thresholds", thresholds, f"{len(self.classes)} of them, from 0 to 1")
        positive = max_length is None or (type(max_length) is int and max_length > 0)
        _expect(positive, "max_length", max_length, "a number of residues")

    def as_json(self) -> dict[str, Any]:
        """What `configuration_from` reads."""
        return {"format": FORMAT, "version": FORMAT_VERSION, **dataclasses.asdict(self)}


def sizes_of(architecture: Architecture, pooling: PoolingName, encoding: Encoding) -> tuple[str, ...]:
    """Names of the `Sizes` that such a network has."""
    learned = ("embedding",) if encoding == "embedding" else ()
    attention = ("attention",) if pooling == "attention" else ()
    return (*learned, *_SIZES_OF[architecture], *attention, "dropout")


def configuration_from(text: bytes, file: str) -> Configuration:
    """Read a configuration as it is stored.

    Raises
    ------
    InputError
        It is no configuration, of another version, or says something that this version does not know or that cannot be.
    """
    try:
        stored = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a model's configuration ({error})", file=file, remedy=_AGAIN) from None
    if not isinstance(stored, dict) or stored.get("format") != FORMAT:
        raise InputError("not a model's configuration", file=file, remedy="name a folder that `pslidx train` made")
    if stored.get("version") != FORMAT_VERSION or type(stored["version"]) is not int:
        raise InputError(
            f"a model of version {stored.get('version')!r}, expected {FORMAT_VERSION}",
            file=file,
            remedy="use the version of pslidx that made it, or train it again",
        )
    fields = _fields(stored, Configuration, file, beside=("format", "version"))
    sizes = _fields(fields["sizes"], Sizes, file)
    sizes["kernels"] = _tuple_of(int, "kernels", sizes["kernels"], file)
    for name, kind in (("classes", str), ("thresholds", float)):
        fields[name] = _tuple_of(kind, name, fields[name], file)
    try:
        return Configuration(**fields | {"sizes": Sizes(**sizes)})
    except UsageError as error:
        raise InputError(error.problem, file=file, remedy=_AGAIN) from None


_AGAIN: Final = "copy the model again"
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "architecture": ARCHITECTURES,
    "pooling": POOLINGS,
    "task": TASKS,
    "encoding": ENCODINGS,
    "truncate": TRUNCATIONS,
}
_SIZES_OF: Final[dict[Architecture, tuple[str, ...]]] = {
    "mlp": ("hidden",),
    "bilstm": ("hidden", "layers"),
    "cnn-bilstm-small": ("kernels", "filters", "hidden", "layers"),
    "cnn-bilstm-large": ("kernels", "filters", "hidden", "layers"),
    "conv-blstm-attention": ("kernels", "filters", "convolution", "hidden", "layers"),
}
_NUMBERS: Final = ("embedding", "filters", "convolution", "hidden", "layers", "attention")
#: Columns of predictions, which have one of each class beside them.
RESULT_COLUMNS: Final = ("query", "predicted", "probability", "true", "correct")
# Beyond these lies a mistake, or a file that was tampered with.
_MOST_UNITS: Final = 1 << 16
_MOST_LAYERS: Final = 100
_WIDEST: Final = 1001


def _fields(stored: Any, kind: type, file: str, beside: tuple[str, ...] = ()) -> dict[str, Any]:
    """Values of the fields of the dataclass `kind`, all of which must be there, and nothing else."""
    names = {field.name for field in dataclasses.fields(kind)}
    found = set(stored) if isinstance(stored, dict) else set()
    missing, unknown = sorted(names - found), sorted(found - names - set(beside))
    if missing or unknown:
        what = f"lacks {missing[0]!r}" if missing else f"says {unknown[0]!r}, which is not known"
        raise InputError(what, file=file, remedy=_AGAIN)
    return {name: stored[name] for name in names}


def _tuple_of(kind: type, name: str, values: Any, file: str) -> tuple[Any, ...]:
    if not isinstance(values, list) or not all(type(value) is kind for value in values):
        found = json.dumps(values)[:60]
        raise InputError(f"{name} is {found}, expected a list of {kind.__name__}", file=file, remedy=_AGAIN)
    return tuple(values)


def _expect(good: bool, name: str, found: Any, expected: str) -> None:
    if not good:
        raise UsageError(f"{name} is {json.dumps(found)[:60]}, expected {expected}")
