"""SQL over an open index: what it reads, what it cannot reach, and whom it blames."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from psl_index import Index, build
from psl_index.catalog import query
from psl_index.errors import InvalidIndexError, UsageError
from tests.proteomes import build_index, write_table

SEQUENCES = ["MAAAAGRSAW", "MXUAACKLIV", "MRTC"]
EVERYTHING = "SELECT accession, sequence, location FROM entries LEFT JOIN locations USING (entry) ORDER BY entry"


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return build_index(tmp_path, SEQUENCES, ["Nucleus", "Cytoplasm", ""], shard_residues=10)


def test_it_reads_all_shards(index: Index) -> None:
    assert len(index.shards) == 3
    assert query(index, EVERYTHING).read_all()["sequence"].to_pylist() == SEQUENCES


def test_it_reads_the_index_that_was_opened(index: Index, tmp_path: Path) -> None:
    """Builds have replaced it and removed its files since."""
    for number in range(2):
        build([write_table(tmp_path / f"{number}.tsv", ["MKKL" * (number + 1)])], index.path)
    assert not (index.path / index.manifest.folder).exists()
    assert query(index, EVERYTHING).read_all()["sequence"].to_pylist() == SEQUENCES


def test_it_reads_the_files_that_were_opened_even_when_others_took_their_names(index: Index, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = build_index(tmp_path / "other", ["C" * 10, "D" * 10, "EEEE"], shard_residues=10)
    for shard, theirs in zip(index.shards, other.shards, strict=True):
        for table in shard.tables.values():
            table.path.unlink()
            shutil.copyfile(theirs.folder / table.path.name, table.path)
    assert query(index, EVERYTHING).read_all()["sequence"].to_pylist() == SEQUENCES


def test_an_answer_outlives_the_index(index: Index) -> None:
    """Its batches are computed as they are taken; the numbers of closed files may be those of others by then."""
    answer = query(index, EVERYTHING)
    index.close()
    gc.collect()
    descriptors = [os.open("/dev/null", os.O_RDONLY) for _ in range(30)]
    assert answer.read_all()["sequence"].to_pylist() == SEQUENCES
    for descriptor in descriptors:
        os.close(descriptor)


@pytest.mark.parametrize("name", ["with 'quotes' and spaces", os.fsdecode(b"not UTF-8 \xff")])
def test_names_of_folders_do_not_matter(tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).mkdir()
    except OSError as error:
        pytest.skip(f"no such names here: {error}")
    index = build_index(tmp_path / name, SEQUENCES)
    assert query(index, "SELECT count(*) AS n FROM entries").read_all().to_pylist() == [{"n": 3}]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('{own}')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '{own}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_blob('/dev/fd/0')",
        "SELECT * FROM read_blob('/proc/self/environ')",
        "SELECT * FROM read_parquet('https://example.org/x.parquet')",
        "SELECT * FROM secret",
        "SELECT getenv('HOME')",
        "COPY entries TO '{folder}/copy'",
        "ATTACH '{folder}/new.db'",
        "INSTALL httpfs",
        "SET enable_external_access = true",
    ],
)
def test_nothing_else_is_reached(index: Index, tmp_path: Path, statement: str) -> None:
    secret = pa.table({"of": ["this program"]})
    own = tmp_path / "own.csv"
    own.write_text("a,b\n1,2\n")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(UsageError, match="SQL: "):
        query(index, statement.format(own=own, folder=tmp_path)).read_all()
    assert sorted(tmp_path.iterdir()) == before
    assert len(secret) == 1


def test_what_does_not_fit_into_memory_is_not_put_elsewhere(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (setting,) = query(index, "SELECT current_setting('temp_directory') AS folder").read_all().to_pylist()
    assert setting == {"folder": ""}


def test_a_damaged_table_is_blamed_and_named(index: Index) -> None:
    for table in index.shards[1].tables.values():
        content = table.path.read_bytes()
        for damaged in (
            content[: len(content) // 2].ljust(len(content), b"\0"),
            content[:-8] + b"\xff\xff\xff\x7fPAR1",
        ):
            table.path.write_bytes(damaged)
            with Index.open(index.path) as opened, pytest.raises(InvalidIndexError, match="cannot be read") as caught:
                query(opened, EVERYTHING).read_all()
            assert caught.value.file == str(table.path)
        table.path.write_bytes(content)


def test_a_query_that_fails_on_sound_tables_is_to_blame(index: Index) -> None:
    for statement in (
        "SELECT error('no') FROM entries",
        "SELECT CAST(accession AS INTEGER) FROM entries",
        "SELECT regexp_matches(accession, '(') FROM entries",
        "SELECT length FROM nowhere",
        "SELECT",
    ):
        with pytest.raises(UsageError, match="SQL: "):
            query(index, statement).read_all()


def test_damage_met_while_the_answer_is_taken(tmp_path: Path) -> None:
    """The first batches are there before it."""
    index = build_index(
        tmp_path, ["".join(chr(65 + (n >> s) % 20) for s in range(12)) + "AAAA" for n in range(150_000)]
    )
    table = index.shards[0].tables["entries"]
    content = bytearray(table.path.read_bytes())
    place = 0
    while (place := content.find(b"\x28\xb5\x2f\xfd", place + 1)) > 0:  # the beginnings of what is compressed
        last = place
    content[last + 4 : last + 40] = b"\xff" * 36
    index.close()
    table.path.write_bytes(content)
    with Index.open(index.path) as opened:
        answer = query(opened, "SELECT * FROM entries")
        with pytest.raises(InvalidIndexError, match="cannot be read") as caught:
            answer.read_all()
    assert caught.value.file == str(table.path)
