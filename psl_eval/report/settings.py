"""How results came about: settings of models, explanations, hit rates and experiments, as one table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from psl_eval.results.manifests import parsed
from psl_index.errors import InputError

SETTINGS: Final = pa.schema(
    [
        pa.field("kind", pa.string(), nullable=False),  # model, explanation, hit rates, experiment
        pa.field("name", pa.string(), nullable=False),
        pa.field("setting", pa.string(), nullable=False),
        pa.field("value", pa.string(), nullable=False),
    ]
)

_PASSED_OVER: Final = {"format", "format_version", "version", "findings", "tables", "figures", "counts", "leakage"}


def setting_rows(kind: str, name: str, settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Rows of `SETTINGS`: a setting of settings has both names, values of a list are joined."""
    found = _flat("", settings)
    return [{"kind": kind, "name": name, "setting": setting, "value": value} for setting, value in found]


def model_settings(folder: Path) -> dict[str, Any]:
    """What the files of a model say of it and of its training.

    Raises
    ------
    InputError
        One is damaged.
    """
    metrics = folder / "metrics.json"
    trained = read_json(metrics).get("training", {}) if metrics.is_file() else {}
    return read_json(folder / "config.json") | {"training": trained}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object.

    Raises
    ------
    InputError
        It cannot be read, or is something else.
    """
    try:
        content = parsed(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(path)) from None
    except ValueError:
        raise InputError("damaged: no JSON", file=str(path), remedy="write it again") from None
    if not isinstance(content, dict):
        raise InputError("expected a JSON object", file=str(path), remedy="write it again")
    return content


def _flat(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            if name not in _PASSED_OVER:
                yield from _flat(f"{path} {name}".strip().replace("_", " "), each)
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for number, each in enumerate(value, 1):
            yield from _flat(f"{path} {number}", each)
    elif isinstance(value, list):
        if value:
            yield path, ", ".join(map(str, value))
    elif value is not None:
        yield path, {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
