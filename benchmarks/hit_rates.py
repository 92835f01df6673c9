"""Hit rates of the study's released files, against locating them and grouping the occurrences by a data base."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.inputs import DATA
from benchmarks.memory import run_watched
from benchmarks.report import Finding
from benchmarks.timing import Runs, alternately, repeated, timed
from psl_eval.choices import Choices
from psl_eval.forms import Form, Judged, judged, some_tables
from psl_eval.run import Run
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index import Index

SENTENCES = DATA / "released" / "test_sentences.txt.gz"
DRAWS = 1000

_FILES = {"attention": "lstm_attention_subsequences.csv.gz", "permuted": "lstm_attention_permuted_subsequences.csv.gz"}
_TIMES = 5
MANY = 10_000_000
_PROTEINS = 2_000  # that the many subsequences come from
_LONGEST = 15  # residues of those


def findings(index: Index, residues: int, folder: Path) -> Iterator[Finding]:
    """Time to score, and of it; a peer gets the occurrences and the classes, and has to weigh and to group them."""
    for name, file in _FILES.items():
        path = DATA / "released" / file
        runs = repeated(lambda path=path: _rates(_run(index, path)), _TIMES)  # type: ignore[misc]
        rows = len(_run(index, path).rows)
        yield Finding(
            f"score {rows:,} subsequences ({name})",
            runs.median,
            "s",
            f"two threads; index open, files read, hit rates of subsequences; {runs}",
            f"hitrate.{name}",
            residues,
        )
        whole = repeated(lambda path=path: _all_tables(_run(index, path)), 3)  # type: ignore[misc]
        yield Finding(f"the same, all tables ({name})", whole.median, "s", f"intervals, strata, confidence; {whole}")
        yield from _peers(index, path, name, residues)
    attention = DATA / "released" / _FILES["attention"]
    for null in ("label", "window", "other-class"):
        seconds, _ = timed(lambda null=null: _all_tables(_run(index, attention, null)))  # type: ignore[misc]
        yield Finding(
            f"{DRAWS:,} draws of null model {null}",
            seconds,
            "s",
            "of the attention's subsequences, with all tables; one run",
            f"hitrate.null-{null}",
            residues,
        )
    yield _side_by_side(index, attention, residues)
    yield _many(index, residues, folder)


def _side_by_side(index: Index, path: Path, residues: int) -> Finding:
    """Null model and intervals of all definitions, with two exclusions each."""
    forms = [
        Form(Choices(definition=definition, exclude=exclude, nulls=("window",), draws=DRAWS), exclude == "self")
        for definition in DEFINITIONS
        for exclude in ("self", "identical")
    ]

    def make(choices: Choices, **how: Any) -> Run:
        return Run(index, path, choices, proteins=SENTENCES, **how)

    def one_at_a_time() -> None:
        for choices, none_too in forms:
            some_tables(make(choices, none_too=none_too), Judged._fields)

    ours, alone = alternately(lambda: list(judged(make, forms, 0)), one_at_a_time, 3)
    return Finding(
        f"{len(forms)} forms one at a time, {DRAWS:,} draws of null model window each",
        alone.median / ours.median,
        "x side by side",
        f"of the attention's subsequences; {alone} against {ours}",
        residues=residues,
    )


def _many(index: Index, residues: int, folder: Path) -> Finding:
    """Ten million windows of the index's own entries, by the command."""
    path = folder / "many.tsv"
    entries = index.read("entries", ["accession", "sequence", "length"]).filter(pc.field("length") > 2 * _LONGEST)
    entries = entries.slice(0, _PROTEINS)
    random = np.random.default_rng(1)
    each = MANY // len(entries)
    with path.open("w") as file:
        file.write("query\tstart\tend\tsubsequence\tpredicted\n")
        for accession, sequence, length in zip(*(column.to_pylist() for column in entries.columns), strict=True):
            for start in random.integers(0, length - _LONGEST, each).tolist():
                end = start + 5 + start % (_LONGEST - 5)
                file.write(f"{accession}\t{start + 1}\t{end}\t{sequence[start:end]}\tNucleus\n")
    command = [sys.executable, "-m", "pslidx", "hitrate", str(index.path), str(path), "--null", "none"]
    usage = run_watched([*command, "-o", str(folder / "many-rates")])
    return Finding(
        f"memory for {each * len(entries):,} subsequences",
        usage.anonymous / 1e9,
        "GB",
        f"anonymous, of `pslidx hitrate`; {usage.seconds:.0f} s, {path.stat().st_size / 1e9:.1f} GB of TSV",
        "hitrate.memory",
        residues,
    )


def _run(index: Index, path: Any, *nulls: str) -> Run:
    return Run(index, path, Choices(nulls=nulls, draws=DRAWS), proteins=SENTENCES)


def _rates(run: Run) -> pa.Table:
    """The table of subsequences."""
    name, schema, batches = next(run.tables())
    assert name == "subsequences"
    return pa.Table.from_batches(batches, schema)


def _all_tables(run: Run) -> list[pa.Table]:
    return [pa.Table.from_batches(batches, schema) for _, schema, batches in run.tables()]


def _peers(index: Index, path: Any, name: str, residues: int) -> Iterator[Finding]:
    """Without exclusion, which would cost the peers more; both give the same rates."""
    run = Run(index, path, Choices(exclude="none"), proteins=SENTENCES)
    scored = _rates(run)
    peptides, start = scored["subsequence"], scored["start"].to_numpy().astype(np.int64)
    wanted = run.labels.masks[run.rows.query, 0]
    masks = index.class_masks

    def ours() -> object:
        return _rates(Run(index, path, Choices(exclude="none"), proteins=SENTENCES))

    for peer, group in {"pyarrow": _by_pyarrow, "DuckDB": _by_duckdb}.items():

        def theirs(group: Callable[..., Any] = group) -> Any:
            found = index.locate(peptides)
            return group(found, start, wanted, masks)

        query, rate = theirs()
        expected = scored["hit_rate"].to_numpy()[query]
        if not np.allclose(rate, expected, atol=1e-12):
            raise SystemExit(f"{peer} and pslidx give other hit rates")
        mine, others = alternately(ours, theirs, 3)
        yield _ratio(f"locate and group by with {peer} ({name})", others, mine, residues)


def _by_pyarrow(found: pa.Table, start: Any, wanted: Any, masks: Any) -> tuple[Any, Any]:
    query, entry = found["query"].to_numpy(), found["entry"].to_numpy()
    distance = np.abs(found["start"].to_numpy().astype(np.int64) - start[query])
    table = pa.table({"query": query, "entry": entry, "distance": distance}).filter(pa.array(masks[entry] != 0))
    nearest = table.group_by(["query", "entry"]).aggregate([("distance", "min")])
    query, entry = nearest["query"].to_numpy(), nearest["entry"].to_numpy()
    weight = 1 / np.maximum(nearest["distance_min"].to_numpy(), 1)
    weight[(masks[entry] & wanted[query]) == 0] = 0
    rates = pa.table({"query": query, "weight": weight}).group_by("query").aggregate([("weight", "mean")])
    return rates["query"].to_numpy(), rates["weight_mean"].to_numpy()


def _by_duckdb(found: pa.Table, start: Any, wanted: Any, masks: Any) -> tuple[Any, Any]:
    rows = pa.table({"query": np.arange(len(start), dtype=np.int32), "p": start, "wanted": wanted})  # noqa: F841
    entries = pa.table({"entry": np.arange(len(masks), dtype=np.uint32), "mask": masks})  # noqa: F841
    with duckdb.connect() as base:
        found_rates = base.execute(
            """
            WITH nearest AS (
                SELECT query, entry, min(abs(start::BIGINT - p)) AS distance, any_value(wanted & mask) AS common
                FROM found JOIN rows USING (query) JOIN entries USING (entry)
                WHERE mask != 0 GROUP BY query, entry
            )
            SELECT query, avg(CASE WHEN common = 0 THEN 0 ELSE 1 / greatest(distance, 1) END) AS rate
            FROM nearest GROUP BY query
            """
        ).fetchnumpy()
    return found_rates["query"], found_rates["rate"]


def _ratio(what: str, theirs: Runs, ours: Runs, residues: int) -> Finding:
    detail = f"{theirs} against {ours}; both read the files and give the same rates"
    return Finding(what, theirs.median / ours.median, "x our time", detail, residues=residues)
