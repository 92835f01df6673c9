"""Results of experiments as the page shows them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from psl_eval.experiments.result import MANIFEST
from psl_eval.report.reading import READING
from psl_eval.report.settings import read_json
from psl_eval.report.tables import Names, ReportTable
from psl_eval.results.manifests import parsed
from psl_index.errors import InputError


@dataclass(frozen=True)
class Picture:
    """A figure that is written already.

    Attributes
    ----------
    name : str
        Of its file, without ending.
    svg, png : bytes
    """

    name: str
    svg: bytes
    png: bytes

    @property
    def address(self) -> str:
        """The picture as an address that needs no file."""
        return "data:image/svg+xml;base64," + base64.b64encode(self.svg).decode()


@dataclass(frozen=True)
class ShownExperiment:
    """A result of an experiment.

    Attributes
    ----------
    name : str
        As in the report.
    experiment : str
        Its own name.
    reading : sequence of str
        How to read it, two sentences; none of an experiment that is not known here.
    findings : sequence of str
    settings : mapping
    pictures : sequence of Picture
    tables : sequence of ReportTable
    """

    name: str
    experiment: str
    reading: Sequence[str]
    findings: Sequence[str]
    settings: Mapping[str, Any]
    pictures: Sequence[Picture]
    tables: Sequence[ReportTable]


def read_experiment(name: str, folder: Path, tables: Names, pictures: Names) -> ShownExperiment:
    """Read what `pslidx experiment` has written.

    Parameters
    ----------
    name : str
    folder : Path
    tables, pictures : Names
        Those that are given out, to which its own are added.

    Raises
    ------
    InputError
        A file is missing or damaged.
    """
    manifest = read_json(folder / MANIFEST)
    try:
        experiment, settings = str(manifest["experiment"]), dict(manifest["settings"])
        findings, listed, figures = (list(map(str, manifest[each])) for each in ("findings", "tables", "figures"))
    except (KeyError, TypeError, ValueError) as error:
        problem = f"does not say what there is ({error})"
        raise InputError(problem, file=str(folder / MANIFEST), remedy="run the experiment again") from None
    listed, figures = ([Path(each).name for each in names] for names in (listed, figures))
    return ShownExperiment(
        name,
        experiment,
        READING.get(experiment, ()),
        findings,
        {"tools": manifest.get("tools"), **settings},
        [
            Picture(pictures.of(*_words(name, each)), _read(folder / f"{each}.svg"), _read(folder / f"{each}.png"))
            for each in figures
        ],
        [ReportTable(tables.of(*_words(name, each)), each, _table(folder / f"{each}.json")) for each in listed],
    )


def _words(experiment: str, name: str) -> list[str]:
    return [name] if name.startswith(experiment) else [experiment, name]


def _table(path: Path) -> pa.Table:
    try:
        rows = parsed(_read(path))
        names = dict.fromkeys(name for row in rows for name in row)
        return pa.table({name: [row.get(name) for row in rows] for name in names})
    except (ValueError, AttributeError, TypeError, pa.ArrowException) as error:
        problem = f"damaged ({' '.join(str(error).split())})"
        raise InputError(problem, file=str(path), remedy="run the experiment again") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=str(path), remedy="run the experiment again"
        ) from None
