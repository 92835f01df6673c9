"""F13: the index answers as a `find` loop does, on proteomes made to be hard."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index import Index
from psl_index.peptides import encode
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS, SourceBatch
from psl_index.search import count, count_both, locate
from psl_index.shard import open_shard
from psl_index.shard_order import order_shard
from psl_index.shard_writer import ShardWriter
from tests.proteomes import find_all

PROTEOMES = 20_000 if os.environ.get("PSLIDX_SOAK") else 500
PEPTIDES = 50
ALPHABETS = ["A", "AC", "ACX", "ILJ", "AAAAAAAU", "ACDEFGHIKLMNPQRSTVWY", "ACDUXBZOJIL"]
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 20, 50]


@st.composite
def proteomes(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """Sequences with homopolymers, tandem repeats, duplicates and one-residue entries, and peptides to find in them."""
    letters = draw(st.sampled_from(ALPHABETS))
    word = st.text(letters, min_size=1, max_size=12)
    plain = st.text(letters, min_size=1, max_size=120)
    repeats = st.tuples(word, st.integers(1, 40)).map(lambda pair: pair[0] * pair[1])
    sequences = draw(st.lists(st.one_of(plain, repeats, word, st.sampled_from(letters)), min_size=1, max_size=20))
    sequences += draw(st.lists(st.sampled_from(sequences), max_size=4))
    choose = random.Random(draw(st.integers(0, 2**32)))
    return sequences, [peptide(sequences, letters, choose) for _ in range(PEPTIDES)]


def peptide(sequences: list[str], letters: str, choose: random.Random) -> str:
    """Part of an entry; one that would lie across two entries; a whole entry and more; or any letters."""
    number, length = choose.randrange(len(sequences)), choose.choice(LENGTHS)
    sequence = sequences[number]
    following = sequences[number + 1] if number + 1 < len(sequences) else sequence
    start = choose.randrange(len(sequence))
    return choose.choice(
        [
            sequence[start:][:length],
            sequence[start:][:length],
            sequence[-length:] + following[: choose.choice(LENGTHS)],
            sequence + choose.choice(letters),
            "".join(choose.choices(letters, k=length)),
        ]
    )


@settings(max_examples=PROTEOMES)
@given(case=proteomes(), depth_threads=st.integers(1, 2))
def test_same_occurrences_as_a_find_loop(case: tuple[list[str], list[str]], depth_threads: int) -> None:
    sequences, peptides = case
    with tempfile.TemporaryDirectory() as folder:
        writer = ShardWriter(Path(folder) / "shard-0000", 0, 10**9)
        writer.append(batch_of(sequences))
        record = order_shard(Path(folder) / "shard-0000", writer.finish(), depth_threads)
        shard = open_shard(Path(folder), record)
        encoded = encode(peptides)
        for equate_il in (False, True):
            hits = [find_all(fold(sequences, equate_il), peptide) for peptide in fold(peptides, equate_il)]
            found = locate(shard, encoded, equate_il=equate_il, wanted=None, limit=None, threads=depth_threads)
            expected = [(query, *hit) for query, row in enumerate(hits) for hit in row]
            assert list(zip(*(column.to_pylist() for column in found.table.columns), strict=True)) == expected
            counts = count(shard, encoded, equate_il=equate_il, threads=depth_threads)
            assert counts.tolist() == [len(row) for row in hits]
            both = count_both(shard, encoded, equate_il=equate_il, wanted=None, threads=depth_threads)
            entries = [len({entry for entry, _ in row}) for row in hits]
            assert both.tolist() == [entries, [len(row) for row in hits]]


def fold(words: list[str], equate_il: bool) -> list[str]:
    """Words with I turned into L where the two are alike."""
    return [word.replace("I", "L") for word in words] if equate_il else words


def batch_of(sequences: list[str]) -> SourceBatch:
    """Entries that are nothing but a sequence."""
    known = {
        "entry": list(range(len(sequences))),
        "accession": [f"P{i}" for i in range(len(sequences))],
        "length": [len(sequence) for sequence in sequences],
        "sequence": sequences,
        "crc64": [""] * len(sequences),
        "secondary_accessions": [[]] * len(sequences),
        "lineage": [[]] * len(sequences),
    }
    columns = [pa.array(known.get(field.name, [None] * len(sequences)), field.type) for field in ENTRIES]
    empty = (pa.RecordBatch.from_pylist([], schema=schema) for schema in (LOCATIONS, FEATURES))
    return SourceBatch(pa.RecordBatch.from_arrays(columns, schema=ENTRIES), *empty)


def test_real_index_of_everything_rare(tmp_path: Path) -> None:
    """Non-standard residues at every offset of a window, through the whole pipeline."""
    from tests.proteomes import build_index

    background = "MRTCYWAKQEQISFNKSDFSRQ"
    sequences = [background[:i] + rare + background[i:] for rare in "BJOUXZ" for i in range(len(background) + 1)]
    peptides = sorted({s[i : i + n] for s in sequences for n in (1, 4, 6, 7, 12, 13) for i in range(len(s) - n + 1)})
    index: Index = build_index(tmp_path, sequences)
    assert index.count(peptides).tolist() == [len(find_all(sequences, peptide)) for peptide in peptides]
