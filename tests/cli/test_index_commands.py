"""`pslidx build`, `info` and `verify`."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_index import Index

Call = Callable[..., Any]


def test_build_says_what_it_made(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    ended = pslidx("build", flat_file, "-o", tmp_path / "new")
    assert (ended.code, ended.out) == (0, "")
    last = ended.err.splitlines()[-1]
    pattern = r"pslidx: .*new: 3 entries, 37 residues, 2 entries with a location class, [\d.]+ MB, [\d.]+ s"
    assert re.fullmatch(pattern, last)
    with Index.open(tmp_path / "new") as index:
        assert index.count(["SKL"]).tolist() == [4]


def test_build_from_standard_input_and_several_files(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    ended = pslidx("build", "-", flat_file, "-o", tmp_path / "new", stdin=flat_file.read_bytes())
    assert ended.code == 0
    assert "pslidx: warning: 3 entries have the accession of an earlier one; all are kept" in ended.err
    with Index.open(tmp_path / "new") as index:
        assert index.n_entries == 6


def test_build_from_a_table_with_other_names(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("ACC,Sequence,Labels\nA1,MSKL,Nucleus|Cytoplasm\nA2,MKDEL,Golgi apparatus\n")
    names = "accession=ACC,sequence=Sequence,locations=Labels"
    assert pslidx("build", tmp_path / "t.csv", "--columns", names, "-o", tmp_path / "new").code == 0
    assert pslidx("search", tmp_path / "new", "SKL").rows[1][1] == "A1"
    assert pslidx("search", tmp_path / "new", "SKL").rows[1][-1] == "Nucleus;Cytoplasm"


def test_a_build_without_locations_warns(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "x.fasta").write_text(">one\nMSKL\n")
    ended = pslidx("build", tmp_path / "x.fasta", "-o", tmp_path / "new")
    assert ended.code == 0
    assert "pslidx: warning: no entry has a location class" in ended.err


def test_a_bad_entry_ends_the_build_or_is_passed_over(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    source = tmp_path / "bad.dat"
    source.write_text(flat_file.read_text().replace("MSKLSKLSKI GU", "MSKLSKLSKI G"))
    refused = pslidx("build", source, "-o", tmp_path / "new")
    assert refused.code == 1
    assert refused.err.splitlines()[-1].startswith(f"pslidx: error: {source}:")
    assert not (tmp_path / "new").exists()
    skipping = pslidx("build", source, "-o", tmp_path / "new", "--skip-bad")
    assert skipping.code == 0
    assert "pslidx: warning: 1 bad entry was passed over; the first 1:\npslidx:   " in skipping.err
    assert pslidx("info", tmp_path / "new").out.count("source.1.skipped\t1\n") == 1


@pytest.mark.parametrize(
    ("content", "code"), [(None, 1), (b"", 1), (b"no data base at all\n", 1), (b"\x1f\x8b\x08\x00", 1)]
)
def test_bad_sources_publish_nothing(pslidx: Call, tmp_path: Path, content: bytes | None, code: int) -> None:
    source = tmp_path / "source"
    if content is not None:
        source.write_bytes(content)
    ended = pslidx("build", source, "-o", tmp_path / "new")
    assert ended.code == code
    assert ended.err.splitlines()[-1].startswith(f"pslidx: error: {source}")
    assert "bug" not in ended.err
    assert not (tmp_path / "new").exists()


def test_a_folder_of_something_else_is_refused(pslidx: Call, flat_file: Path) -> None:
    ended = pslidx("build", flat_file, "-o", flat_file.parent)
    assert ended.code == 2
    assert "neither empty nor an index" in ended.err
    assert flat_file.exists()


def test_too_little_memory_is_a_usage_error(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    assert pslidx("build", flat_file, "-o", tmp_path / "new", "--memory", "1K").code == 2


def test_info_is_keys_and_values(pslidx: Call, index: Path, flat_file: Path) -> None:
    ended = pslidx("info", index)
    assert (ended.code, ended.err) == (0, "")
    assert ended.rows[0] == ["key", "value"]
    values = dict(ended.rows[1:])
    assert len(values) == len(ended.rows) - 1
    assert values["release"] == "2020_01"
    assert values["entries"] == "3"
    assert values["residues"] == "37"
    assert values["entries_with_class"] == "2"
    assert values["class.Nucleus"] == values["class.Cytoplasm"] == values["class.Peroxisome"] == "1"
    assert values["class.Plastid"] == "0"
    assert values["source.1.name"] == "three.dat"
    assert values["source.1.bytes"] == str(flat_file.stat().st_size)
    assert re.fullmatch("[0-9a-f]{64}", values["source.1.sha256"])
    sizes = [int(value) for key, value in values.items() if re.fullmatch(r"shard-\d+\.\w+\.bytes", key)]
    assert sum(sizes) == int(values["bytes"])


def test_info_in_other_formats(pslidx: Call, index: Path) -> None:
    tsv = dict(pslidx("info", index).rows[1:])
    lines = [json.loads(line) for line in pslidx("info", index, "--format", "jsonl").out.splitlines()]
    assert {line["key"]: line["value"] or "" for line in lines} == tsv


def test_verify_says_ok(pslidx: Call, index: Path) -> None:
    assert pslidx("verify", index).out == f"{index}: ok (9 files)\n"
    full = pslidx("verify", index, "--full")
    assert full.code == 0
    assert re.fullmatch(rf"{re.escape(str(index))}: ok \(9 files, [\d,]+ bytes read\)\n", full.out)


def test_verify_names_each_damaged_file(pslidx: Call, index: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(index, copy)
    damaged = sorted(path for path in copy.rglob("*") if path.name.split(".")[0] in ("pos", "text"))
    assert len(damaged) == 2
    for path in damaged:
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    assert pslidx("verify", copy).code == 0
    full = pslidx("verify", copy, "--full")
    assert (full.code, full.out) == (3, "")
    assert [line for line in full.err.splitlines() if "error" in line] == [
        line for line in full.err.splitlines() if any(str(path) in line for path in damaged)
    ]
    assert all(str(path) in full.err for path in damaged)
    with damaged[0].open("ab") as file:
        file.write(b"x")
    quick = pslidx("verify", copy)
    assert quick.code == 3
    assert str(damaged[0]) in quick.err


def test_verify_tells_of_left_overs(pslidx: Call, index: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(index, copy)
    (copy / "0123456789abcdef").mkdir()
    ended = pslidx("verify", copy)
    assert ended.code == 0
    assert "0123456789abcdef: not part of the index" in ended.err


@pytest.mark.parametrize("command", ["info", "verify"])
def test_no_index_is_exit_code_3(pslidx: Call, command: str, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        ended = pslidx(command, path)
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith(f"pslidx: error: {path}: ")
    assert os.listdir(tmp_path) == []
