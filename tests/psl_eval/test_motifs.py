"""Motifs: subsequences without a protein, as a list, a table or FASTA."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.inputs import files as inputs
from psl_eval.inputs.subsequences import open_subsequences
from psl_eval.queries.proteins import QueryBook, read_proteins
from psl_eval.queries.rows import labels_against
from psl_index.errors import InputError, UsageError
from tests.psl_eval.reading import read_all, read_book

NLS = [
    {"query": "KKRKV", "subsequence": "KKRKV", "predicted": "Nucleus"},
    {"query": "SKL", "subsequence": "SKL", "predicted": "Cytoplasm;Peroxisome"},
]


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "motifs"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def shown(table: pa.Table) -> list[dict[str, Any]]:
    return table.select(["query", "subsequence", "predicted"]).to_pylist()


@pytest.mark.parametrize(
    "content",
    [
        "KKRKV\tNucleus\nSKL\tPeroxisome|Cytoplasm\n",
        "kkrkv,Nucleus\nSKL*,Peroxisome;Cytoplasm",
        "peptide\tclass\nKKRKV\tNucleus\nSKL\tPeroxisome|Cytoplasm\n",
        "note,predicted,subsequence\n1,Nucleus,KKRKV\n2,Peroxisome;Cytoplasm,SKL\n",
        '{"peptide": "KKRKV", "class": "Nucleus"}\n{"peptide": "SKL", "class": "Peroxisome|Cytoplasm"}\n',
    ],
)
def test_a_list_needs_no_positions_and_is_named_by_its_peptides(tmp_path: Path, content: str) -> None:
    table = read_all(written(tmp_path, content))
    assert shown(table) == NLS
    assert table.select(["input_sequence", "start", "end", "true", "correct", "score"]).to_pylist() == [
        dict.fromkeys(["input_sequence", "start", "end", "true", "correct", "score"])
    ] * len(NLS)


@pytest.mark.parametrize("content", ["KKRKV\nSKL", "peptide\nKKRKV\nSKL\n", "subsequence\r\nKKRKV\r\nskl*\r\n"])
def test_a_list_without_classes_is_one_column(tmp_path: Path, content: str) -> None:
    assert shown(read_all(written(tmp_path, content))) == [motif | {"predicted": None} for motif in NLS]


def test_fasta_names_each_motif_and_maybe_its_class(tmp_path: Path) -> None:
    content = "\n>SV40 Nucleus from a virus\nkk\nRK V*\n\n>PTS1\tPeroxisome;Cytoplasm\r\nSKL\r\n>none\nM"
    assert shown(read_all(written(tmp_path, content))) == [
        {"query": "SV40", "subsequence": "KKRKV", "predicted": "Nucleus"},
        {"query": "PTS1", "subsequence": "SKL", "predicted": "Cytoplasm;Peroxisome"},
        {"query": "none", "subsequence": "M", "predicted": None},
    ]


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (">a Nucleus\nMK\n>b Vacuole\nMK\n", 3, "'Vacuole' is none of the ten classes; they are Nucleus,"),
        (">a\nMK\n>\nMK\n", 3, "a header without an identifier after '>'"),
        (">a\nMK\n>b\n\n>c\nMK\n", 3, "a header without a sequence"),
        (">a\nMK\n>b\nM*K\n", 3, "'M\\*K' holds something else than residue letters"),
        (">a\nMK\n>b\nMK**\n", 3, "something else than residue letters"),
        (">a\nMK\n>b\nM\u00e9\n", 3, "something else than residue letters"),
        (">a\nMK\n>b\x01\nMK\n", 3, "holds a control character"),
        (b">a\nMK\n>b\xe9\nMK\n", 3, "not UTF-8; convert the file"),
        (">a\n" + "M" * (17 << 20), 2, "a line of more than"),
        (">a\n" + ("M" * 99 + "\n") * 180_000, 1, "a record of more than"),
        ("KKRKV,Nucleus\nSKL,Nowhere\n", 2, "'Nowhere' is none of the ten"),
        ("KKRKV,Nowhere\nSKL,Nucleus\n", 1, "'Nowhere' is none of the ten"),
        ("KKRKV\nSKL\tNucleus\n", 2, "'SKL.tNucleus' holds something else"),
        ("KKRKV\n\nSKL\n", 2, "'subsequence' has no value"),
        ("KKRKV\tNucleus\nSKL\n", 2, "expected 2 values, found 1"),
        ("query,subsequence,predicted\na,MK,Nucleus\n", 1, "no column 'start'"),
        ("peptide\n", None, "no subsequence after the header"),
    ],
)
def test_bad_motifs_are_refused_with_their_line(
    tmp_path: Path, content: str | bytes, line: int | None, problem: str
) -> None:
    with pytest.raises(InputError, match=problem) as refused:
        read_all(written(tmp_path, content))
    assert refused.value.line == line


def test_bad_records_are_passed_over_on_request(tmp_path: Path) -> None:
    content = b">a\nMK\n>b\n>c Nowhere\nMK\n>\nMK\n>d\xe9\nMK\n>e\nM-K\n>f\nMV\n"
    with open_subsequences(written(tmp_path, content), skip_bad=True) as reader:
        table = pa.concat_tables(reader.batches())
    assert shown(table) == [
        {"query": "a", "subsequence": "MK", "predicted": None},
        {"query": "f", "subsequence": "MV", "predicted": None},
    ]
    assert reader.skipped == 5
    assert reader.first_skipped == f"{tmp_path / 'motifs'}:3: a header without a sequence"


def test_each_motif_is_a_query_of_its_own_also_under_the_same_name(tmp_path: Path) -> None:
    book, query = read_book(written(tmp_path, "SKL\tPeroxisome\nKKRKV\tNucleus\nSKL\tPlastid\n"), None)
    assert query == [0, 1, 2]
    assert book.queries.names.to_pylist() == ["SKL", "KKRKV", "SKL"]
    assert book.queries.identifiers.to_pylist() == book.queries.sequences.to_pylist() == [None] * 3
    assert book.predicted.to_pylist() == ["Peroxisome", "Nucleus", "Plastid"]
    assert book.true.to_pylist() == book.correct.to_pylist() == [None] * 3


def test_motifs_without_classes_can_be_held_against_all(tmp_path: Path) -> None:
    book, _ = read_book(written(tmp_path, "SKL\nKKRKV\n"), None)
    with pytest.raises(UsageError, match=r"no subsequence has a predicted class.*`--against all` needs none"):
        labels_against("predicted", book.predicted, book.true)
    assert len(labels_against("all", book.predicted, book.true).names) == 10


def test_proteins_of_motifs_are_refused(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, ">a\nMK\n"))
    with (
        open_subsequences(written(tmp_path, "MK\n")) as reader,
        pytest.raises(UsageError, match="motifs have no proteins; leave out `--proteins`"),
    ):
        QueryBook(reader, proteins)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    records=st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b|c Nucleus", b" d  Plastid x", b"", b"\xe9", b"e nowhere", "é".encode()]),
            st.lists(st.sampled_from([b"MK", b"kv ", b"\r", b"", b"*", b"1"]), max_size=4),
        ),
        min_size=1,
        max_size=8,
    ),
    block=st.integers(1, 60),
)
def test_fasta_is_read_as_by_a_plain_reader_wherever_it_is_split(
    tmp_path: Path, records: list[tuple[bytes, list[bytes]]], block: int
) -> None:
    expected, n_bad = [], 0
    for header, lines in records:
        words = header.decode(errors="replace").split()
        letters = b"".join(lines).replace(b"\r", b"").replace(b" ", b"").upper().decode().removesuffix("*")
        label = words[1] if len(words) > 1 else None
        if words and header != b"\xe9" and letters.isalpha() and label != "nowhere":
            expected.append({"query": words[0], "subsequence": letters, "predicted": label})
        else:
            n_bad += 1
    path = written(tmp_path, b"".join(b">" + b"\n".join([header, *lines]) + b"\n" for header, lines in records))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_BLOCK_BYTES", block)
        with open_subsequences(path, skip_bad=True) as reader:
            if not expected:
                with pytest.raises(InputError, match="rows are bad"):
                    list(reader.batches())
            else:
                assert shown(pa.concat_tables(reader.batches())) == expected
    assert reader.skipped == n_bad
