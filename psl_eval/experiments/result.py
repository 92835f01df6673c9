"""What every experiment gives: tables, figures, what they say, and how they came about."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.results.encoders import encoder
from psl_eval.results.manifests import read_manifest
from psl_eval.results.notebook import picture_html, table_html
from psl_index.durable import write_durably
from psl_index.errors import OutputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KIND: Final = "pslidx experiment"
KIND_VERSION: Final = 1
MANIFEST: Final = "manifest.json"
_UNFINISHED: Final = "unfinished.json"


@dataclass(frozen=True)
class Result:
    """What an experiment gives.

    Attributes
    ----------
    experiment : str
        Its name.
    tables : mapping of str to pyarrow.Table
        By file name; the first is the answer, the others are what it rests on.
    figures : mapping of str to matplotlib Figure
        By file name.
    findings : tuple of str
        What the tables say, a sentence each.
    settings : dict
        Choices, seeds and inputs, as JSON holds them: the same settings give the same tables.
    """

    experiment: str
    tables: Mapping[str, pa.Table]
    figures: Mapping[str, Figure]
    findings: tuple[str, ...]
    settings: dict[str, Any]

    @property
    def table(self) -> pa.Table:
        """The first table."""
        return next(iter(self.tables.values()))

    def _repr_html_(self) -> str:
        found = "".join(f"<li>{escape(sentence)}</li>" for sentence in self.findings)
        pictures = "".join(picture_html(_picture(each, "png"), name) for name, each in self.figures.items())
        return f"<ul>{found}</ul>{table_html(self.table, self.experiment)}{pictures}"


def write_result(result: Result, results: Path) -> Path:
    """Write each table as TSV and JSON, each figure as PNG and SVG, and last ``manifest.json``; gives the folder.

    They go into a folder of the experiment's name in `results`.

    Files of an earlier result are replaced one by one, and those that this result has not are removed; while they are,
    there is no manifest, but ``unfinished.json`` with the names of all of them, for the next run to know what a kill
    has left.

    Raises
    ------
    OutputError
        They cannot be written.
    """
    files = {f"{name}.tsv": _tsv(table) for name, table in result.tables.items()}
    files |= {f"{name}.json": _as_json(table.to_pylist()) for name, table in result.tables.items()}
    for name, figure in result.figures.items():
        files |= {f"{name}.{kind}": _picture(figure, kind) for kind in ("png", "svg")}
    manifest = {
        "format": KIND,
        "format_version": KIND_VERSION,
        "experiment": result.experiment,
        "tools": {name: version(name) for name in ("pslidx", "torch")},
        "findings": list(result.findings),
        "tables": list(result.tables),
        "figures": list(result.figures),
        "settings": result.settings,
    }
    folder = results / result.experiment
    try:
        folder.mkdir(parents=True, exist_ok=True)
        earlier = _files_of(folder / MANIFEST) | _files_of(folder / _UNFINISHED)
        known = {"format": KIND, "files": sorted(earlier | set(files))}
        write_durably(folder / _UNFINISHED, _as_json(known))
        (folder / MANIFEST).unlink(missing_ok=True)
        for name in sorted(earlier - set(files)):
            (folder / name).unlink(missing_ok=True)
        for name, content in (files | {MANIFEST: _as_json(manifest)}).items():
            write_durably(folder / name, content)
        (folder / _UNFINISHED).unlink()
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=str(folder)) from error
    return folder


def is_ours(manifest: Path) -> bool:
    """Whether a file is there that an experiment has written last."""
    return bool(_read(manifest))


def _files_of(manifest: Path) -> set[str]:
    """Names of the tables and figures of a result, or of one that was cut off; none where there is no such file."""
    written = _read(manifest)
    names = {str(name) for name in written.get("files", ())}
    tables, figures = ({str(name) for name in written.get(kind, ())} for kind in ("tables", "figures"))
    names |= {f"{name}.{kind}" for name in tables for kind in ("tsv", "json")}
    names |= {f"{name}.{kind}" for name in figures for kind in ("png", "svg")}
    return {name for name in names if name == Path(name).name}


def _read(manifest: Path) -> dict[str, Any]:
    written = read_manifest(manifest)
    return written if written.get("format") == KIND else {}


def _tsv(table: pa.Table) -> bytes:
    sink = BytesIO()
    encode = encoder("tsv", sink, table.schema)
    for batch in table.to_batches():
        encode.write(batch)
    encode.finish()
    return sink.getvalue()


def _as_json(value: Any) -> bytes:
    return (json.dumps(_finite(value), indent=1, ensure_ascii=False) + "\n").encode()


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _picture(figure: Figure, kind: str) -> bytes:
    """A file of the figure, the same for the same figure and version of matplotlib."""
    import matplotlib

    metadata = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    sink = BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "pslidx", "svg.fonttype": "none"}):
        figure.savefig(sink, format=kind, dpi=150, facecolor="white", metadata=metadata)
    return sink.getvalue()
