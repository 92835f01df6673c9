"""What lies in folders of results, told by content: whose predictions, explanations, hit rates and experiments."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from psl_eval.comparing.methods import named
from psl_eval.experiments.parts import PARTS
from psl_eval.experiments.result import KIND as EXPERIMENT
from psl_eval.inputs.delimited import open_table
from psl_eval.results.manifests import read_manifest
from psl_eval.results.schemas import KIND as HIT_RATES
from psl_index.errors import InputError
from psl_index.opening import open_source

_REPORT: Final = "report"  # what an earlier report has written, which no report shows
_DEPTH: Final = 3  # folders below one that is named
_MANIFEST: Final = "manifest.json"
#: Format of the manifest of the folder beside a page.
REPORT_DATA: Final = "pslidx report data"
_HEAD_BYTES: Final = 1 << 16
_TABLES: Final = (".tsv", ".csv", ".jsonl", ".ndjson", ".parquet", ".pq")
_COMPRESSED: Final = (".gz", ".bz2", ".xz", ".zst")
#: Columns by which a table is known, the first that fits: what it is, and what it must have.
_KNOWN_BY: Final = (
    ("attributions", {"query", "sequence", "predicted", "scores"}),
    ("subsequences", {"query", "start", "end", "subsequence", "predicted"}),
    ("predictions", {"query", "predicted", "probability"}),
)


@dataclass(frozen=True)
class Sources:
    """Files and folders by their names in the report; each under what it is.

    Attributes
    ----------
    predictions, attributions, subsequences : dict of str to Path
        Tables that `pslidx predict`, `attribute` and `extract` have written.
    hit_rates, experiments, models, indexes : dict of str to Path
        Folders that `pslidx hitrate`, `experiment`, `train` and `build` have written.
    passed_over : dict of Path to str
        Tables that are none of these, and why.
    """

    predictions: dict[str, Path] = field(default_factory=dict)
    attributions: dict[str, Path] = field(default_factory=dict)
    subsequences: dict[str, Path] = field(default_factory=dict)
    hit_rates: dict[str, Path] = field(default_factory=dict)
    experiments: dict[str, Path] = field(default_factory=dict)
    models: dict[str, Path] = field(default_factory=dict)
    indexes: dict[str, Path] = field(default_factory=dict)
    passed_over: dict[Path, str] = field(default_factory=dict)

    @property
    def paths(self) -> list[Path]:
        """Everything that is read."""
        kinds = (self.predictions, self.attributions, self.subsequences, self.hit_rates, self.experiments)
        return [path for kind in (*kinds, self.models, self.indexes) for path in kind.values()]


def find_sources(places: Sequence[str]) -> Sources:
    """Look at files, and into folders and those in them, for what a report can show.

    Parameters
    ----------
    places : sequence of str
        Paths, or ``NAME=PATH``. Without a name a file has its own without its ending, and a folder its own; where two
        have the same, the second is called after the folder that it is in, too.

    Raises
    ------
    InputError
        There is no such file or folder, or nothing that a report can show in any of them; or a file that is named,
        and not merely found in a folder, is damaged.
    """
    sources = Sources()
    for place in places:
        name, path = (None, place) if Path(place).exists() else named(place)
        if not path or not Path(path).exists():
            raise InputError("there is no such file or folder", file=place)
        for found in _found(Path(path), _DEPTH, sources.passed_over):
            if _is_there(found, sources):
                continue
            try:
                kind = _kind_of_folder(found) if found.is_dir() else _kind_of_table(found)
            except InputError as error:
                if found == Path(path):
                    raise
                sources.passed_over[found] = str(error)
                continue
            if kind is None:
                sources.passed_over[found] = f"{found}: nothing that a report shows"
            elif kind != _REPORT:
                into: dict[str, Path] = getattr(sources, kind)
                into[_free_name(name if found == Path(path) else None, found, into)] = found
    if not any((sources.predictions, sources.attributions, sources.hit_rates, sources.experiments)):
        raise InputError(
            "nothing in it that a report can show",
            file=places[0],
            remedy="name what predict, attribute, hitrate or experiment have written",
        )
    return sources


def _found(path: Path, depth: int, passed_over: dict[Path, str]) -> Iterator[Path]:
    """Tables, and folders that are one thing; the insides of the latter, of parts, and hidden ones are left alone."""
    if path.is_file() or (path.is_dir() and _kind_of_folder(path) is not None):
        yield path
    elif not path.is_dir():
        passed_over[path] = f"{path}: neither a file nor a folder"
    elif depth:
        manifest = path / _MANIFEST
        if manifest.is_file() and not read_manifest(manifest):
            passed_over[manifest] = f"{manifest}: damaged, so nobody knows what is in its folder"
        for inner in _inside(path):
            yield from _found(inner, depth - 1, passed_over)


def _inside(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"cannot be looked into: {error.strerror}", file=str(folder)) from None
    shown = (each for each in inside if not each.name.startswith(".") and each.name != PARTS)
    return [each for each in shown if each.is_dir() or each.suffix.lower() in _TABLES + _COMPRESSED]


def _is_there(path: Path, sources: Sources) -> bool:
    """Whether it has been found already, by another name."""
    return any(path.samefile(each) for each in sources.paths)


def _kind_of_folder(folder: Path) -> str | None:
    if (folder / "config.json").is_file() and (folder / "model.safetensors").is_file():
        return "models"
    try:
        manifest = read_manifest(folder / _MANIFEST)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", file=str(folder / _MANIFEST)) from None
    if manifest.get("format") == HIT_RATES:
        return "hit_rates"
    if manifest.get("format") == EXPERIMENT:
        return "experiments"
    if manifest.get("format") == REPORT_DATA:
        return _REPORT
    return "indexes" if "shards" in manifest else None


def _kind_of_table(path: Path) -> str | None:
    with open_source(path, digest=False) as source:
        head = source.peek(_HEAD_BYTES).strip()
        if not head or head.startswith(b">"):
            return None
        names = set(open_table(source, frozenset(("query",)), lambda first: None).names)
    return next((kind for kind, needed in _KNOWN_BY if needed <= names), None)


def _free_name(name: str | None, path: Path, taken: dict[str, Path]) -> str:
    own = _as_text(name or (path.name if path.is_dir() else _without_ending(path)))
    if own not in taken:
        return own
    longer = free = f"{_as_text(path.resolve().parent.name)}/{own}"
    number = 2
    while free in taken:
        free, number = f"{longer} {number}", number + 1
    return free


def _as_text(name: str) -> str:
    """A name of a file, which may be of bytes that are no text."""
    return os.fsencode(name).decode(errors="replace")


def _without_ending(path: Path) -> str:
    """Name of a file without what says how it is stored."""
    if path.suffix.lower() in _COMPRESSED:
        path = path.with_suffix("")
    return path.stem if path.suffix.lower() in _TABLES else path.name
