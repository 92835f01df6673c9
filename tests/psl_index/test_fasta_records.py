"""What a FASTA header says is read on demand, and of UniProt's headers quickly: the same as `read_fasta` gives."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index import fasta
from psl_index.batches import described
from psl_index.errors import InputError
from psl_index.fasta import Records, read_fasta, read_records
from psl_index.opening import Source
from psl_index.skipped import Skipped

PIECES = [
    *("sp|", "tr|", "SP|", "|", "P12345", "A0A999Z9Z9-2", "AATM_RABIT", "name", "Cytoplasm-S", ">", "*"),
    *(
        " ",
        "\t",
        "\r",
        " OS=",
        " OX=",
        " GN=",
        " PE=",
        " SV=",
        "OS=",
        "=",
        "9606",
        "007",
        "1234567890",
        "1x",
        "é",
        "\x01",
    ),
]
headers = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
uniprot = st.tuples(st.sampled_from(["sp|P1|A_B", "tr|P2|", "sp|P3|C_D\t"]), headers).map("".join)


def source(text: str) -> Source:
    return Source("some.fasta", io.BytesIO(text.encode()))


def records(text: str, skipped: Skipped | None = None) -> Iterator[Records]:
    return read_records(source(text), skipped=skipped)


@settings(max_examples=20_000 if os.environ.get("PSLIDX_SOAK") else 200)
@given(st.lists(headers | uniprot, min_size=1, max_size=6), st.integers(0, 2**6))
def test_any_headers_are_described_as_the_tables_say(names: list[str], chosen: int) -> None:
    text = "".join(f">{name}\nMK\n" for name in names)
    skipped, also_skipped = Skipped(), Skipped()
    batches = list(read_fasta(source(text), skipped=skipped))
    read = list(records(text, also_skipped))
    assert [str(error) for error in skipped.first] == [str(error) for error in also_skipped.first]
    for batch, block in zip(batches, read, strict=True):
        rows = np.array([row for row in range(len(block.sequences)) if chosen >> row & 1], np.int64)
        assert block.sequences.equals(batch.entries["sequence"])
        assert block.entries.equals(batch.entries)
        assert block.describe(rows).equals(described(batch).take(rows))


def test_records_stay_when_the_next_block_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasta, "_BLOCK_BYTES", 64)
    text = "".join(f">sp|P{i}|E_{i} Name OS=Y OX={i + 1} SV=1\nMK{'A' * i}\n" for i in range(40))
    blocks = list(records(text))
    assert len(blocks) > 10
    everything = [row for block in blocks for row in block.describe(np.arange(len(block.sequences))).to_pylist()]
    assert everything == [
        {"accession": f"P{i}", "entry_name": f"E_{i}", "taxon_id": i + 1, "class_mask": 0} for i in range(40)
    ]


def test_the_first_bad_record_is_the_error() -> None:
    """Also where a later record has a fault that is seen sooner."""
    for text, line in ((">a\nMK\n>\nMK\n>b\nM1\n", 3), (">a\nM1\n>\nMK\n", 2), (">a\n>b\nM1\n", 1)):
        with pytest.raises(InputError) as caught:
            list(records(text))
        assert caught.value.line == line


@pytest.mark.parametrize("width", [1, 15, 16, 17, 31, 32, 33, 60, 100])
@pytest.mark.parametrize("end", ["\n", "\r\n", " \n", "*\n", ""])
def test_lines_of_any_width_and_end(width: int, end: str) -> None:
    """Residues are taken many at a time as far as the block goes, one by one at its end."""
    letters = ("acdefghiklmnpqrstvwyBJOUXZ" * 10)[:width]
    (block,) = records(f">a\n{letters}{end}")
    assert block.sequences.to_pylist() == [letters.upper()]
    (block,) = records(f">a\n{letters}\n{letters}{end}\n>b\n{letters}{end}\n\n>c\nM")
    assert block.sequences.to_pylist() == [2 * letters.upper(), letters.upper(), "M"]


@pytest.mark.parametrize("place", [0, 1, 15, 16, 17, 40, 59])
def test_a_fault_anywhere_in_a_line_is_found(place: int) -> None:
    line = "A" * place + "-" + "A" * (60 - place)
    with pytest.raises(InputError, match="found '-'; remove the gaps") as caught:
        list(records(f">a\n{'A' * 60}\n{line}\n{'A' * 60}\n"))
    assert caught.value.line == 3
