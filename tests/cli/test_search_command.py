"""`pslidx search` on three invented proteins.

P99991  MKKLSKLAAAKDEL  human  Cytoplasm, Nucleus
P99992  MSKLSKLSKIGU    mouse  Peroxisome
P99993  MAAAAGRSKLX     yeast  no location
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Call = Callable[..., Any]
HEADER = ["peptide", "accession", "entry_name", "start", "end", "taxon_id", "classes"]


def test_all_occurrences_in_order(pslidx: Call, index: Path) -> None:
    ended = pslidx("search", index, "skl", "KDEL*")
    assert (ended.code, ended.err) == (0, "")
    assert ended.rows == [
        HEADER,
        ["SKL", "P99991", "ONE_HUMAN", "5", "7", "9606", "Nucleus;Cytoplasm"],
        ["SKL", "P99992", "TWO_MOUSE", "2", "4", "10090", "Peroxisome"],
        ["SKL", "P99992", "TWO_MOUSE", "5", "7", "10090", "Peroxisome"],
        ["SKL", "P99993", "THREE_YEAST", "8", "10", "559292", ""],
        ["KDEL", "P99991", "ONE_HUMAN", "11", "14", "9606", "Nucleus;Cytoplasm"],
    ]


def test_overlaps_and_other_letters(pslidx: Call, index: Path) -> None:
    starts = [(row[0], row[3]) for row in pslidx("search", index, "AA", "U", "KLX", "M").rows[1:]]
    assert starts == [
        *(("AA", start) for start in ("8", "9", "2", "3", "4")),
        ("U", "12"),
        ("KLX", "9"),
        *(("M", "1") for _ in range(3)),
    ]


def test_no_hit_is_a_header(pslidx: Call, index: Path) -> None:
    ended = pslidx("search", index, "WWWW")
    assert (ended.code, ended.rows, ended.err) == (0, [HEADER], "")


def test_counts(pslidx: Call, index: Path) -> None:
    assert pslidx("search", index, "--count", "SKL", "WWW", "SKL").rows == [
        ["peptide", "entries", "occurrences"],
        ["SKL", "3", "4"],
        ["WWW", "0", "0"],
        ["SKL", "3", "4"],
    ]


@pytest.mark.parametrize(
    ("option", "value", "accessions"),
    [
        ("--taxon", 9606, ["P99991"]),
        ("--taxon", 960, []),
        ("--lineage", "Mammalia", ["P99991", "P99992", "P99992"]),
        ("--lineage", "eukaryota", ["P99991", "P99992", "P99992", "P99993"]),
    ],
)
def test_filters(pslidx: Call, index: Path, option: str, value: object, accessions: list[str]) -> None:
    rows = pslidx("search", index, "SKL", option, value).rows[1:]
    assert [row[1] for row in rows] == accessions
    counted = pslidx("search", index, "SKL", "WWW", option, value, "--count").rows[1:]
    assert counted == [["SKL", str(len(set(accessions))), str(len(accessions))], ["WWW", "0", "0"]]


def test_equate_il(pslidx: Call, index: Path) -> None:
    assert len(pslidx("search", index, "SKI").rows) == 2
    assert len(pslidx("search", index, "SKI", "--equate-il").rows) == 6
    assert pslidx("search", index, "SKI", "--equate-il", "--count").rows[1] == ["SKI", "3", "5"]


def test_the_limit_says_when_it_cuts(pslidx: Call, index: Path) -> None:
    cut = pslidx("search", index, "SKL", "KDEL", "--limit", 3)
    assert len(cut.rows) == 1 + 3 + 1
    assert cut.err == "pslidx: --limit 3 cut the occurrences of 1 of 2 peptides\n"
    assert pslidx("search", index, "SKL", "--limit", 4).err == ""
    assert pslidx("search", index, "SKL", "--limit", 1, "--taxon", 9606).err == ""


def test_peptides_from_files_and_standard_input(pslidx: Call, index: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("SKL\n\nkdel*\n")
    from_file = pslidx("search", index, "MAA", "--file", tmp_path / "list")
    assert [row[0] for row in from_file.rows[1:]] == ["MAA", "SKL", "SKL", "SKL", "SKL", "KDEL"]
    for arguments in (["MAA", "-"], ["MAA", "--file", "-"], ["-", "MAA"]):
        assert pslidx("search", index, *arguments, stdin=b">a\nSKL\n>b\nKD\nEL\n").out == from_file.out


def test_many_peptides_come_in_parts(pslidx: Call, index: Path) -> None:
    peptides = ["SKL", "WWW", "U"] * 20_000
    counted = pslidx("search", index, "-", "--count", stdin="\n".join(peptides).encode()).rows[1:]
    expected = {"SKL": ["SKL", "3", "4"], "WWW": ["WWW", "0", "0"], "U": ["U", "1", "1"]}
    assert counted == [expected[peptide] for peptide in peptides]
    hits = pslidx("search", index, "-", "--limit", 1, stdin="\n".join(peptides).encode())
    assert [row[0] for row in hits.rows[1:]] == [peptide for peptide in peptides if peptide != "WWW"]
    assert hits.err == "pslidx: --limit 1 cut the occurrences of 20,000 of 60,000 peptides\n"


def test_formats_agree(pslidx: Call, index: Path, tmp_path: Path) -> None:
    pslidx("search", index, "SKL", "-o", tmp_path / "hits.parquet")
    rows = pq.read_table(tmp_path / "hits.parquet").to_pylist()
    lines = pslidx("search", index, "SKL", "--format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == rows
    pslidx("search", index, "SKL", "-o", tmp_path / "hits.tsv")
    assert (tmp_path / "hits.tsv").read_text() == pslidx("search", index, "SKL").out
    assert rows[0]["classes"] == ["Nucleus", "Cytoplasm"]
    assert rows[3] == dict(zip(HEADER, ["SKL", "P99993", "THREE_YEAST", 8, 10, 559292, []], strict=True))


def test_threads_do_not_matter(pslidx: Call, index: Path) -> None:
    one, two = (pslidx("search", index, "A", "K", "SKL", "--threads", threads).raw for threads in (1, 2))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "complaint"),
    [
        (["SK1"], b"", 2, "'SK1' is no peptide: '1' is not a residue letter (A-Z)"),
        ([""], b"", 2, "a peptide is empty"),
        ([], b"", 2, "no peptide to search for"),
        (["-"], b"SKL\nSK1\n", 1, "-:2: 'SK1' is no peptide"),
        (["-"], b"", 1, "-: no peptide in it"),
        (["--file", "missing"], b"", 1, "missing: no such file"),
        (["SKL", "-o", "missing/hits.tsv"], b"", 1, "missing/hits.tsv: cannot be written: No such file"),
    ],
)
def test_bad_input_is_one_line(
    pslidx: Call,
    index: Path,
    arguments: list[str],
    stdin: bytes,
    code: int,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = pslidx("search", index, *arguments, stdin=stdin)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"pslidx: error: {complaint}")
    assert ended.err.count("\n") == 1
    assert os.listdir(tmp_path) == []


def test_no_index_is_exit_code_3(pslidx: Call, tmp_path: Path) -> None:
    ended = pslidx("search", tmp_path, "SKL")
    assert ended.code == 3
    assert ended.err.startswith(f"pslidx: error: {tmp_path}: is not an index")


def test_debug_after_the_command(pslidx: Call, index: Path) -> None:
    assert pslidx("search", index, "SK1", "--debug").err.startswith("Traceback")
    assert pslidx("--debug", "search", index, "SK1").err.startswith("Traceback")


def test_a_read_only_index_in_an_odd_place(pslidx: Call, index: Path, tmp_path: Path) -> None:
    odd = tmp_path / "a folder with ünusual name"
    shutil.copytree(index, odd)
    for folder, _, names in os.walk(odd):
        for name in names:
            os.chmod(Path(folder, name), 0o444)
        os.chmod(folder, 0o555)
    (tmp_path / "link").symlink_to(odd)
    expected = pslidx("search", index, "SKL").out
    assert pslidx("search", odd, "SKL").out == expected
    assert pslidx("search", tmp_path / "link", "SKL").out == expected


def command(*arguments: object) -> list[str]:
    return [str(Path(sys.executable).with_name("pslidx")), *map(str, arguments)]


def test_a_closed_pipe_is_quiet(index: Path) -> None:
    peptides = "\n".join(["A", "K", "SKL"] * 20_000)
    process = subprocess.Popen(
        command("search", index, "-"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdin.write(peptides)
    process.stdin.close()
    assert process.stdout.readline() == "\t".join(HEADER) + "\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    assert process.wait() == 141


def test_a_full_disk_leaves_nothing(index: Path, tmp_path: Path) -> None:
    target = tmp_path / "hits.tsv"
    target.write_text("before")
    ended = subprocess.run(
        command("search", index, "-", "-o", target),
        input="\n".join(["A", "K", "SKL"] * 20_000),
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )
    assert ended.returncode == 1
    assert ended.stderr == f"pslidx: error: {target}: cannot be written: File too large\n"
    assert target.read_text() == "before"
    assert os.listdir(tmp_path) == ["hits.tsv"]


def test_a_search_loads_no_duckdb(index: Path) -> None:
    script = (
        "import os, sys\n"
        "from pslidx.main import main\n"
        f"sys.argv = ['pslidx', 'search', {str(index)!r}, 'SKL']\n"
        "os._exit = lambda code: sys.exit(str(sorted(sys.modules.keys() & {'numba', 'duckdb'})))\n"
        "main()\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.stderr == "['numba']\n"
