"""An index that has something of everything, and all questions that can be asked of an index, damaged or not."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
from pslidx.exit_codes import OK, Session, run
from pslidx.group import invoke

import psl_eval
from psl_index import Index, build, catalog
from psl_index.errors import InvalidIndexError
from tests.flatfiles import BEFORE_2019, TODAY, entry

SEQUENCES = ["MAAAAGRSAW" * 30, "MXUAACKLIV" * 20, "MRTCYWAKQEQISFNKSDFSRQ" * 10]
_LOCATIONS = ["Nucleus.", "Cytoplasm. Secreted.", "Mitochondrion inner membrane; Single-pass membrane protein."]
_LENGTHS = (1, 2, 3, 4, 6, 9, 12, 15, 30)
_PEPTIDES = sorted(
    {s[at : at + n] for s in SEQUENCES for n in _LENGTHS for at in (0, 3, 11)} | {"QQ", "WWWWWWWWWWWWWWW"}
)
_EVERYTHING = "SELECT * FROM entries LEFT JOIN locations USING (entry) LEFT JOIN features USING (entry)"


def build_rich_index(folder: Path, letter: str = "A") -> Path:
    """An index of five entries with names, lineages, locations and features, in ``folder/index``.

    With another `letter` its sections have the same sizes, and for the most part other contents.
    """
    sequences = [sequence.replace("A", letter) for sequence in SEQUENCES]
    lines = ("OS   Homo sapiens (Human).", "OC   Eukaryota; Metazoa.", "OX   NCBI_TaxID=9606;")
    entries = [
        entry(*lines, f"CC   -!- SUBCELLULAR LOCATION: {location}", accession=f"P0000{number}", sequence=sequence)
        for number, (sequence, location) in enumerate(zip(sequences, _LOCATIONS, strict=True))
    ]
    (folder / "five.dat").write_text("".join([*entries, TODAY, BEFORE_2019]))
    build([folder / "five.dat"], folder / "index")
    return folder / "index"


def ask_everything(index: Path) -> Counter[str]:
    """Ask all there is; every answer is one, or an InvalidIndexError: anything else is raised.

    Returns how many questions were answered and how many refused.
    """
    return ask_sections(index) + ask_tables(index)


def ask_sections(index: Path) -> Counter[str]:
    """What the sections answer: every search, and hit rates."""
    return _asked(index, _of_sections)


def ask_tables(index: Path) -> Counter[str]:
    """What the tables answer, or tell of what the sections answer."""
    return _asked(index, _of_tables)


def _asked(path: Path, questions: Callable[[Index], Iterator[Callable[[], object]]]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    try:
        with Index.open(path) as index:
            for question in questions(index):
                try:
                    question()
                    outcomes["answered"] += 1
                except InvalidIndexError:
                    outcomes["refused"] += 1
    except InvalidIndexError:
        outcomes["not opened"] += 1
    return outcomes


def _of_sections(index: Index) -> Iterator[Callable[[], object]]:
    for equate_il in (False, True):
        yield lambda il=equate_il: index.count(_PEPTIDES, equate_il=il)
        yield lambda il=equate_il: index.count_entries(_PEPTIDES, equate_il=il)
        yield lambda il=equate_il: index.locate(_PEPTIDES, equate_il=il)
    yield lambda: index.locate(_PEPTIDES, limit=2)
    for exclude in ("none", "self"):
        yield lambda e=exclude: psl_eval.hit_rate(index, _subsequences(), exclude=e, resamples=2)


def _of_tables(index: Index) -> Iterator[Callable[[], object]]:
    yield lambda: [index.entries, index.locations, index.features]
    yield lambda: index.locate(_PEPTIDES, entries=index.select(taxon=9606, lineage="metazoa"))
    yield lambda: psl_eval.hit_rate(index, _subsequences(), definition="unweighted", resamples=2)
    yield lambda: catalog.query(index, _EVERYTHING).read_all()
    yield lambda: _command("search", index.path, *_PEPTIDES[::5])
    yield lambda: _command("info", index.path)


def _subsequences() -> pa.Table:
    rows = [
        (f"P0000{number}", at + 1, at + n, s[at : at + n])
        for number, s in enumerate(SEQUENCES)
        for at in (0, 4)
        for n in _LENGTHS
    ]
    query, start, end, subsequence = zip(*rows, strict=True)
    columns = {"query": query, "start": start, "end": end, "subsequence": subsequence}
    return pa.table(columns | {"predicted": ["Nucleus"] * len(rows)})


def _command(*arguments: object) -> None:
    """Run the command, its results thrown away; raises the error that ended it."""
    session = Session()
    code = run(lambda: invoke([*map(str, arguments), "-o", os.devnull], session), session)
    if code != OK:
        assert session.error is not None
        raise session.error
