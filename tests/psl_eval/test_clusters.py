"""Files of clusters: what belongs together, under which names, and what is refused where."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.exclusion.clusters import Clusters, read_clusters, sequence_identifier
from psl_eval.inputs import files as inputs
from psl_index.errors import InputError
from tests.psl_eval.reference import joined_with


def read(folder: Path, content: str | bytes) -> Clusters:
    path = folder / "clusters.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_clusters(path)


def families(clusters: Clusters) -> set[frozenset[str]]:
    bounds = zip(clusters.offsets, clusters.offsets[1:], strict=False)
    return {frozenset(clusters.members[start:end].to_pylist()) for start, end in bounds}


NAMES = ["P12345", "Q9H400", "O43657", "UniRef50_P12345", "lab|7", "7", "P12345-2-x", "A,B", "Ä"]


@given(lines=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_clusters_are_what_lines_join_through_however_many_others(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    clusters = read(tmp_path, "".join("\t".join(line) + "\n" for line in lines))
    assert families(clusters) == {frozenset(joined_with(name, lines)) for line in lines for name in line}
    assert len(clusters) == len(families(clusters))
    assert len(clusters.members) == len(set(clusters.members.to_pylist()))


@pytest.mark.parametrize("separator", ["\t", ",", " ", "   ", " \t "])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\n\n"])
@pytest.mark.parametrize("last", [True, False])
def test_separators_and_line_ends(tmp_path: Path, separator: str, line_end: str, last: bool) -> None:
    lines = [f"P12345{separator}Q9H400", f"O43657{separator}O43657", f"P00001{separator}Q9H400"]
    content = line_end.join(lines) + (line_end if last else "")
    assert families(read(tmp_path, content)) == {frozenset({"P12345", "Q9H400", "P00001"}), frozenset({"O43657"})}


def test_a_uniref_list_in_either_order(tmp_path: Path) -> None:
    expected = {frozenset({"UniRef50_P12345", "P12345", "Q9H400"}), frozenset({"UniRef50_O43657-2", "O43657"})}
    rows = [("P12345", "UniRef50_P12345"), ("Q9H400", "UniRef50_P12345"), ("O43657", "UniRef50_O43657-2")]
    assert families(read(tmp_path, "".join(f"{a}\t{b}\n" for a, b in rows))) == expected
    assert families(read(tmp_path, "".join(f"{b}\t{a}\n" for a, b in rows))) == expected


def test_an_accession_is_the_same_however_it_is_written(tmp_path: Path) -> None:
    clusters = read(tmp_path, "sp|P12345|AATM_RABIT\tQ9H400-2\ntr|A0A022YWF9-3|X\tP12345-1\nlab|7\tgnl|7|x\n")
    assert families(clusters) == {frozenset({"P12345", "Q9H400", "A0A022YWF9"}), frozenset({"lab|7", "gnl|7|x"})}
    asked = ["P12345", "sp|Q9H400|X", "Q9H400-7", None, "lab|7", "UniRef50_P12345", "7"]
    first, other = clusters.find(pa.array(["P12345", "lab|7"])).tolist()
    assert {first, other} == {0, 1}
    assert clusters.find(pa.array(asked)).tolist() == [first, first, first, -1, other, -1, -1]
    assert clusters.find(pa.nulls(2, pa.string())).tolist() == [-1, -1]
    assert clusters.find(pa.array([], pa.string())).tolist() == []


def test_the_members_of_some_clusters(tmp_path: Path) -> None:
    clusters = read(tmp_path, "a\tb\nc\tc\nd\te\nd\tf\n")
    asked = clusters.find(pa.array(["e", "a"]))
    owner, members = clusters.members_of(asked)
    found = [(which, member) for which, member in zip(owner.tolist(), members.to_pylist(), strict=True)]
    assert {member for which, member in found if which == asked[0]} == {"d", "e", "f"}
    assert {member for which, member in found if which == asked[1]} == {"a", "b"}
    assert len(found) == 5


def test_compressed_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "clusters.tsv.gz"
    path.write_bytes(gzip.compress(b"P12345\tQ9H400\n"))
    clusters = read_clusters(path)
    assert families(clusters) == {frozenset({"P12345", "Q9H400"})}
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert clusters.record == ("clusters.tsv.gz", path.stat().st_size, digest)
    assert clusters.file == str(path)


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("", "", "empty file"),
        ("\n \n", "", "empty file"),
        ("a\tb\nc\n", ":2", "expected two identifiers .*found 1"),
        ("a\tb\n\nc\td\te\n", ":3", "expected two identifiers .*found 3"),
        ("a\tb\nc\t\n", ":2", "expected two identifiers .*found 1"),
        ("a\tb\n\tc\n", ":2", "expected two identifiers .*found 1"),
        ("a,b\nc\td\n", ":2", "expected two identifiers .*found 1"),
        ("a b\nc d e\n", ":2", "expected two identifiers .*found 3"),
        ("P12345\n", ":1", "expected two identifiers .*found 1"),
        (b"a\tb\nc\t\xff\n", ":2", "not UTF-8.*iconv"),
    ],
)
def test_bad_lines_are_named(tmp_path: Path, content: str | bytes, place: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"clusters\.tsv{place}: {problem}"):
        read(tmp_path, content)


def test_lines_are_counted_over_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inputs, "_BLOCK_BYTES", 16)
    lines = [f"P{number:05d}\tQ{number // 3:05d}\n" for number in range(100)]
    assert len(read(tmp_path, "".join(lines))) == 34
    lines[77] = "P00077\n"
    with pytest.raises(InputError, match=r"clusters\.tsv:78: "):
        read(tmp_path, "".join(lines))


def test_a_sequence_has_a_name_that_is_no_accession() -> None:
    name = sequence_identifier("MKT")
    assert name == "sequence:" + hashlib.sha256(b"MKT").hexdigest()[:32]
    assert name != sequence_identifier("MKTA")
