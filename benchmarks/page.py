"""The report of the study's 2,101 test proteins in a browser: its size, how soon it opens, how fast it turns."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.inputs import DATA, real_index
from benchmarks.report import Finding
from benchmarks.timing import Runs, timed
from psl_eval import hit_rate, write_hit_rates
from psl_eval.report.held import LookUp
from psl_eval.report.report import Written, write_report
from psl_eval.report.sources import find_sources
from psl_eval.results.schemas import ATTRIBUTIONS
from psl_eval.subsequences.extraction import extract
from psl_index import Index
from psl_index.opening import open_source

_EXPLANATIONS = ("attention", "gradients", "permuted", "random")
_OPENED = 5
_TURNED = 500  # proteins, one after the other

#: Milliseconds from a click to the next protein laid out, some times.
_TURN = """async times => {
    const took = [];
    for (let turned = 0; turned < times; turned++) {
        const began = performance.now();
        document.getElementById("next").click();
        document.body.offsetHeight;
        took.push(performance.now() - began);
        await new Promise(soon => setTimeout(soon));
    }
    return took;
}"""


def findings(folder: Path) -> Iterator[Finding]:
    """Write the page of made-up scores of real proteins, and open it in Chromium."""
    results = folder / "page"
    index = real_index("deeploc2", folder)
    if not (results / "done").exists():
        _make(results, index)
    sources = find_sources([str(path) for path in sorted(results.iterdir()) if path.name != "done"])
    seconds, written = timed(
        lambda: write_report(sources, folder / "page.html", LookUp(index), made=date(2026, 11, 22))
    )
    size = written.page.stat().st_size / 1e6
    of_each = (size - 5) / written.proteins * 1e3
    detail = f"four explanations with hit rates; beyond 5 MB {max(of_each, 0):.1f} kB a protein"
    yield Finding(f"page of {written.proteins:,} proteins", size, "MB", detail, "page.size")
    yield Finding("the same, written", seconds, "s", "tables and all occurrences in the folder beside it, too")
    yield from _in_browser(written)


def _in_browser(written: Written) -> Iterator[Finding]:
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("PSLIDX_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no browser: make browser, or name one with PSLIDX_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        empty = written.page.with_name("empty.html")
        empty.write_text("<!doctype html><html data-ready><title>empty</title>")
        opened, of_empty = (
            Runs(tuple(_opening(browser, path) for _ in range(_OPENED))) for path in (written.page, empty)
        )
        detail = f"until all but charts out of sight is drawn; {opened}; an empty page {of_empty}"
        yield Finding("opens", opened.median, "s", detail, "page.opens")
        page = browser.new_page()
        page.goto(written.page.resolve().as_uri())
        page.wait_for_selector("html[data-ready]")
        took: list[float] = page.evaluate(_TURN, _TURNED)
        detail = f"median of {_TURNED} proteins, laid out; 95 % within {np.quantile(took, 0.95):.0f} ms, "
        detail += f"worst {max(took):.0f} ms"
        yield Finding("turns to another protein", statistics.median(took), "ms", detail, "page.turns")
        browser.close()


def _opening(browser: Any, path: Path) -> float:
    """Seconds until a page is ready, in a window of its own."""
    page = browser.new_page()

    def ready() -> None:
        page.goto(path.resolve().as_uri())
        page.wait_for_selector("html[data-ready]", state="attached")

    seconds, _ = timed(ready)
    page.close()
    return seconds


def _make(results: Path, index: Index) -> None:
    """Scores with some peaks for each protein, and all that follows from them."""
    results.mkdir(parents=True, exist_ok=True)
    proteins = list(_proteins())
    for seed, name in enumerate(_EXPLANATIONS):
        rng = np.random.default_rng(seed)
        scores = [_scores(rng, len(sequence), seed % 2 == 1) for _, sequence, _ in proteins]
        classes = [psl_class for _, _, psl_class in proteins]
        rows = {
            "query": [accession for accession, _, _ in proteins],
            "sequence": [sequence for _, sequence, _ in proteins],
            "method": [name] * len(proteins),
            "target": classes,
            "predicted": classes,
            "true": classes,
            "scores": scores,
            "completeness_gap": [None] * len(proteins),
            "settings": ["{}"] * len(proteins),
        }
        table = pa.table(rows, schema=ATTRIBUTIONS)
        pq.write_table(table, results / f"{name}.parquet")
        pq.write_table(extract(table), results / f"{name}-subsequences.parquet")
        rates = hit_rate(index, results / f"{name}-subsequences.parquet", nulls=["label"])
        write_hit_rates(rates, results / f"{name}-rates")
    (results / "done").touch()


def _scores(rng: np.random.Generator, length: int, signed: bool) -> np.ndarray[Any, Any]:
    scores = rng.normal(0, 0.1, length) if signed else rng.uniform(0, 0.1, length)
    for at in rng.integers(0, length, 3):
        scores[at : at + int(rng.integers(3, 12))] += 1
    return scores.astype(np.float32)


def _proteins() -> Iterator[tuple[str, str, str]]:
    """Accession, sequence and class of the study's test proteins; of Cytoplasm-Nucleus the first, as in the study."""
    lines = _text("deeploc1_index.tsv.gz").splitlines()
    columns = lines[0].split("\t")
    rows = [dict(zip(columns, line.split("\t"), strict=True)) for line in lines[1:]]
    test = {row["accession"]: row["location"] for row in rows if row["arolihas_split"] == "test"}
    for record in _text("deeploc1.fasta.gz")[1:].split("\n>"):
        header, _, sequence = record.partition("\n")
        accession = header.split()[0]
        if accession in test:
            yield accession, sequence.replace("\n", ""), test[accession].partition("-")[0]


def _text(name: str) -> str:
    with open_source(DATA / "deeploc" / name, digest=False) as source:
        return b"".join(iter(lambda: source.read(1 << 20), b"")).decode()
