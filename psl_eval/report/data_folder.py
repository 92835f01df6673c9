"""The folder beside the page: every table and what every figure is drawn of, as TSV and JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pyarrow as pa

from psl_eval.report.page import Page
from psl_eval.report.sources import REPORT_DATA
from psl_eval.results.encoders import encoder
from psl_eval.results.manifests import read_manifest
from psl_eval.scoring.hits import HITS
from psl_index.durable import write_new
from psl_index.errors import UsageError

_MANIFEST: Final = "manifest.json"
#: What file managers leave in a folder that is looked at.
_DROPPINGS: Final = {".DS_Store", "Thumbs.db", "desktop.ini"}


def data_folder_of(page: Path) -> Path:
    """The folder that belongs to a page: ``report_data`` to ``report.html``."""
    return page.with_name(f"{page.stem}_data")


def check_data_folder(folder: Path) -> None:
    """Refuse a folder that holds something else: it would be replaced.

    Raises
    ------
    UsageError
        It is a file, or holds a file that no report has written.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError("is a file, and is needed as a folder", file=str(folder), remedy="name another page with -o")
    names = {path.name for path in folder.iterdir()}
    foreign = sorted(names - _ours(folder / _MANIFEST) - _DROPPINGS)
    if foreign:
        problem = f"holds something else than the data of a report ({foreign[0]!r})"
        raise UsageError(problem, file=str(folder), remedy="name another page with -o")


class DataFolder:
    """A new folder that is being filled.

    Parameters
    ----------
    folder : Path
        There, and empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: list[str] = []

    def write_page(self, page: Page) -> None:
        """Write all tables and figures of a page, and last what there is."""
        tables = [*page.tables, *page.proteins.kept, *(chart.rows for chart in page.charts)]
        for table in {each.name: each for each in tables}.values():
            self._write(f"{table.name}.tsv", table.tsv())
            self._write(f"{table.name}.json", table.json())
        for experiment in page.experiments:
            for picture in experiment.pictures:
                self._write(f"{picture.name}.svg", picture.svg)
                self._write(f"{picture.name}.png", picture.png)
        content = {"format": REPORT_DATA, "files": sorted([*self._written, _MANIFEST])}
        self._write(_MANIFEST, (json.dumps(content, indent=1) + "\n").encode())

    def passing(self, name: str, hits: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give occurrences on as they are, and write them down on the way, as TSV and as lines of JSON."""
        paths = {kind: self._folder / f"{name}.{kind}" for kind in ("tsv", "jsonl")}
        with paths["tsv"].open("wb") as tsv, paths["jsonl"].open("wb") as jsonl:
            encoders = [encoder("tsv", tsv, HITS), encoder("jsonl", jsonl, HITS)]
            for batch in hits:
                for encode in encoders:
                    encode.write(batch)
                yield batch
            for encode in encoders:
                encode.finish()
            for file in (tsv, jsonl):
                file.flush()
                os.fsync(file.fileno())
        self._written += [path.name for path in paths.values()]

    def _write(self, name: str, content: bytes) -> None:
        write_new(self._folder / name, content)
        self._written.append(name)


def _ours(manifest: Path) -> set[str]:
    written = read_manifest(manifest)
    files = written.get("files") if written.get("format") == REPORT_DATA else None
    return set(map(str, files)) if isinstance(files, list) else set()
