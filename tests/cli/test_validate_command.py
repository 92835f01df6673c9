"""`pslidx validate` and `pslidx search --via` against services that run on this machine.

The index holds P99991 to P99993 of `tests/cli/conftest.py`. The services know P99991 with a residue before it, P99992
as it is, P99994, which the index does not, and an isoform; P99993 they do not know.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

pytest.importorskip("httpx", reason="httpx is not installed: pip install 'pslidx[online]'")
pytest.importorskip("tenacity", reason="tenacity is not installed: pip install 'pslidx[online]'")

from psl_eval.online.comparison import VALIDATION
from tests.cli.conftest import Call
from tests.psl_eval.online.server import Protein, Server, answering, running, silent

HITS = ["peptide", "accession", "entry_name", "start", "end", "taxon_id", "classes"]
PROTEINS = [
    Protein("P99991", "GMKKLSKLAAAKDEL", "ONE_HUMAN", 9606),
    Protein("P99992", "MSKLSKLSKIGU", "TWO_MOUSE", 10090),
    Protein("P99994", "AAAA", "FOUR_YEAST", 559292),
    Protein("P99992-2", "MSKL", "TWO_MOUSE", 10090),
]
AGAIN_AT_ONCE = answering(503, Retry_After="0")


@pytest.fixture
def server() -> Iterator[Server]:
    with running(PROTEINS) as known:
        yield known


@pytest.fixture
def peptides(tmp_path: Path) -> Path:
    path = tmp_path / "peptides.txt"
    path.write_text("KDEL\nSKLS\nAAAA\nskls*\n")
    return path


def test_entries_and_positions_side_by_side(pslidx: Call, index: Path, server: Server, peptides: Path) -> None:
    server.release = "2020_02"
    ended = pslidx(
        *("validate", index, "--service", "peptidematch", "--url", server.peptide_match, "--peptides", peptides)
    )
    assert ended.code == 0, ended.err
    assert ended.rows[0] == VALIDATION.names
    assert ["/".join(row) for row in ended.rows[1:]] == [
        "KDEL/different/1/0/0/0/1/1/P99991:11-14/P99991:12-15//peptidematch/2020_01/2020_02",
        "SKLS/same/1/0/0/2/0/0////peptidematch/2020_01/2020_02",
        "AAAA/different/0/1/1/0/1/1/P99993:2-5/P99994:1-4//peptidematch/2020_01/2020_02",
    ]
    assert server.asked_for() == ["KDEL,SKLS,AAAA"]
    assert ended.err.splitlines() == [
        "pslidx: asking peptidematch",
        "pslidx: KDEL differs: only local P99991:11-14; only remote P99991:12-15",
        "pslidx: AAAA differs: only local P99993:2-5; only remote P99994:1-4",
        "pslidx: 3 peptides: 1 same, 2 different, 0 unanswered; entries: 2 both, 1 only local, 1 only remote; "
        "positions: 2 both, 2 only local, 2 only remote; isoforms, not compared: 0; "
        "release: local 2020_01, remote 2020_02",
    ]


def test_entries_alone_and_isoforms_apart(
    pslidx: Call, index: Path, server: Server, peptides: Path, tmp_path: Path
) -> None:
    target = tmp_path / "validation.jsonl"
    ended = pslidx(
        *("validate", index, "--service", "uniprot", "--url", server.uniprot, "--peptides", "-", "-o", target),
        stdin=b">one\nKDEL\n>two\nMSKL\n",
    )
    assert (ended.code, ended.out) == (0, "")
    first, second = map(json.loads, target.read_text().splitlines())
    assert (first["status"], first["positions_both"], first["isoforms"]) == ("same", None, [])
    assert (second["status"], second["entries_both"], second["isoforms"]) == ("same", 1, ["P99992-2"])
    assert (first["local_release"], first["remote_release"]) == ("2020_01", None)
    assert "positions" not in ended.err
    assert "isoforms, not compared: 1; release: local 2020_01, remote unknown" in ended.err


def test_a_sample_of_the_index(pslidx: Call, index: Path, server: Server) -> None:
    arguments = ("validate", index, "--service", "peptidematch", "--url", server.peptide_match, "--sample", 5)
    asked = [pslidx(*arguments, "--length", "4", "--seed", seed).rows for seed in (1, 1, 2)]
    assert asked[0] == asked[1] != asked[2]
    for rows in asked:
        assert [len(row[0]) for row in rows[1:]] == [4] * 5
        assert {row[1] for row in rows[1:]} <= {"same", "different"}
    few = pslidx(*arguments[:-1], 100, "--length", "12-14")
    assert (few.code, len(few.rows) - 1) == (0, 6)  # three windows of 12 residues, two of 13, one of 14: no U and no X
    assert "pslidx: the index hardly has more peptides of these lengths: 6 are asked about\n" in few.err


def test_an_unfinished_run_goes_on_with_what_is_missing(
    pslidx: Call, index: Path, server: Server, peptides: Path, tmp_path: Path
) -> None:
    target = tmp_path / "validation.parquet"
    journal = tmp_path / "validation.parquet.journal"
    arguments = ("validate", index, "--service", "uniprot", "--url", server.uniprot, "-o", target)
    server.polls = 0
    server.faults = iter([None, None, *[AGAIN_AT_ONCE] * 100])  # one peptide, a form and a look at the job
    ended = pslidx(*arguments, "--peptides", peptides)
    assert ended.code == 4
    assert ended.err.splitlines()[-2:] == [
        f"pslidx: 2 of 3 peptides are unanswered; the other answers are in {journal}; "
        "give the same command again to go on",
        f"pslidx: error: {server.uniprot}/: answers with status 503, and so 4 times; try again later",
    ]
    assert pq.read_table(target)["status"].to_pylist() == ["same", "unanswered", "unanswered"]

    refused = pslidx(*arguments, "--sample", "2", "--length", "4")
    assert refused.code == 2
    assert f"{journal}: holds the answers of an unfinished run with other peptides" in refused.err

    server.fail()
    server.requests.clear()
    ended = pslidx(*arguments, "--peptides", peptides)
    assert ended.code == 0, ended.err
    assert "pslidx: going on: 1 of 3 peptides are answered already" in ended.err
    assert server.asked_for() == ["SKLS", "AAAA"]
    assert pq.read_table(target)["status"].to_pylist() == ["same", "same", "different"]
    assert not journal.exists()


def test_without_any_answer_there_is_no_table(pslidx: Call, index: Path, server: Server, tmp_path: Path) -> None:
    server.fail_always(AGAIN_AT_ONCE)
    arguments = ("validate", index, "--service", "peptidematch", "--url", server.peptide_match)
    for more in ([], ["-o", tmp_path / "validation.tsv"]):
        ended = pslidx(*arguments, *more)
        assert (ended.code, ended.out) == (4, "")
        assert ended.err.splitlines()[-1].endswith("answers with status 503, and so 4 times; try again later")
    assert list(tmp_path.iterdir()) == []


def test_a_deadline(pslidx: Call, index: Path, server: Server) -> None:
    server.fail_always(silent)
    ended = pslidx(
        *("validate", index, "--service", "uniprot", "--url", server.uniprot, "--sample", 1, "--deadline", "0.2")
    )
    assert ended.code == 4
    assert "and the deadline of 0.2 seconds is over; try again later, or with a longer deadline" in ended.err


def test_ctrl_c_and_again(pslidx: Call, index: Path, server: Server, peptides: Path, tmp_path: Path) -> None:
    target = tmp_path / "validation.tsv"
    arguments = ["validate", index, "--service", "uniprot", "--url", server.uniprot, "--peptides", peptides]
    arguments += ["-o", target]
    server.polls = 0
    server.faults = iter([None, None, silent])
    process = subprocess.Popen(
        [sys.executable, "-m", "pslidx", *map(str, arguments)], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    while len(server.requests) < 3:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[1:] == [
        f"pslidx: 2 of 3 peptides are unanswered; the other answers are in {target}.journal; "
        "give the same command again to go on",
        "pslidx: interrupted",
    ]
    assert not target.exists()
    server.requests.clear()
    assert pslidx(*arguments).code == 0
    assert server.asked_for() == ["SKLS", "AAAA"]


@pytest.mark.parametrize("command", [("validate", "INDEX", "--service", "uniprot"), ("search", "--via", "URL", "SKL")])
@pytest.mark.parametrize("module", ["httpx", "tenacity"])
def test_without_the_extra(
    pslidx: Call, index: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    ended = pslidx(*({"INDEX": index, "URL": "http://127.0.0.1:1"}.get(word, word) for word in command))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == (
        "pslidx: error: online services need httpx and tenacity, which are not installed; "
        "install them with `pip install 'pslidx[online]'`\n"
    )


def test_search_by_a_service_with_positions(pslidx: Call, server: Server) -> None:
    ended = pslidx("search", "--via", server.peptide_match, "skl", "WWW", "KDEL*", "SKL")
    assert (ended.code, ended.err) == (0, "")
    skl = [
        ["SKL", "P99991", "ONE_HUMAN", "6", "8", "9606", ""],
        ["SKL", "P99992", "TWO_MOUSE", "2", "4", "10090", ""],
        ["SKL", "P99992", "TWO_MOUSE", "5", "7", "10090", ""],
    ]
    assert ended.rows == [HITS, *skl, ["KDEL", "P99991", "ONE_HUMAN", "12", "15", "9606", ""], *skl]
    assert server.asked_for() == ["SKL,WWW,KDEL"]


def test_search_by_a_service_without_positions(pslidx: Call, server: Server, tmp_path: Path) -> None:
    arguments = ("search", "--via", server.uniprot, "--service", "uniprot")
    assert pslidx(*arguments, "MSKL").rows[1:] == [[*["MSKL", name], *[""] * 5] for name in ("P99992", "P99992-2")]
    assert pslidx(*arguments, "MSKL", "--count").rows == [["peptide", "entries", "occurrences"], ["MSKL", "2", ""]]
    assert pslidx(*arguments, "MSKL", "-o", tmp_path / "hits.parquet").code == 0
    assert pq.read_table(tmp_path / "hits.parquet").schema.names == HITS


def test_search_by_a_service_counts_and_limits(pslidx: Call, server: Server) -> None:
    counted = pslidx("search", "--via", server.peptide_match, "SKL", "--file", "-", "--count", stdin=b"KDE\n")
    assert counted.rows[1:] == [["SKL", "2", "3"], ["KDE", "1", "1"]]
    cut = pslidx("search", "--via", server.peptide_match, "SKL", "KDE", "--limit", 1)
    assert [row[:2] for row in cut.rows[1:]] == [["SKL", "P99991"], ["KDE", "P99991"]]
    assert cut.err == "pslidx: --limit 1 cut the occurrences of 1 of 2 peptides\n"


def test_a_service_that_fails_a_search(pslidx: Call, server: Server, tmp_path: Path) -> None:
    server.fail_always(AGAIN_AT_ONCE)
    ended = pslidx("search", "--via", server.peptide_match, "SKL", "-o", tmp_path / "hits.tsv")
    assert ended.code == 4
    assert ended.err.count("asking again in 0 seconds") == 3
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"SKLS\nSK\n", b">one\nSKLS\n>two\nSK\n"])
@pytest.mark.parametrize("command", [("validate", "INDEX", "--service", "uniprot", "--url"), ("search", "--via")])
def test_a_short_peptide_in_a_file_is_found_before_anything_is_asked(
    pslidx: Call, index: Path, server: Server, peptides: Path, command: tuple[str, ...], content: bytes
) -> None:
    peptides.write_bytes(content)
    arguments = [index if word == "INDEX" else word for word in command]
    option = "--peptides" if command[0] == "validate" else "--file"
    ended = pslidx(*arguments, server.peptide_match, option, peptides)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert f"{peptides}:{2 if content[:1] == b'S' else 3}: 'SK' is too short for " in ended.err
    assert server.requests == []


def test_a_search_by_a_service_ends_at_its_deadline(pslidx: Call, server: Server) -> None:
    server.fail_always(silent)
    ended = pslidx("search", "--via", server.peptide_match, "SKL", "--deadline", "0.2")
    assert ended.code == 4
    assert "and the deadline of 0.2 seconds is over" in ended.err


def test_without_a_folder_the_file_is_named_and_nothing_is_asked(
    pslidx: Call, index: Path, server: Server, tmp_path: Path
) -> None:
    arguments = ("validate", index, "--service", "uniprot", "--url", server.uniprot)
    ended = pslidx(*arguments, "-o", tmp_path / "none" / "table.tsv")
    assert ended.code == 1
    assert f"{tmp_path / 'none' / 'table.tsv'}: cannot be written: No such file or directory" in ended.err
    assert server.requests == []


def test_the_peptides_are_not_replaced(pslidx: Call, index: Path, peptides: Path) -> None:
    ended = pslidx("validate", index, "--service", "uniprot", "--peptides", peptides, "-o", peptides)
    assert ended.code == 2
    assert f"{peptides}: is read, and would be replaced" in ended.err


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["search", "--via", "here", "SKL"], "'here' is no address; give one such as https://host/path"),
        (["search", "--via", "http://x", "INDEX", "SKL"], "With --via there is no INDEX, but"),
        (
            ["search", "--via", "http://x", "SKL", "--taxon", "1"],
            "With --via only --service, --deadline, --file, --count, --limit",
        ),
        (["search", "--via", "http://x", "SKL", "--no-index", "y"], "With --via only --service, --deadline, --file"),
        (["search", "--via", "http://x"], "no peptide to search for"),
        (["search", "--via", "http://127.0.0.1:1", "SK"], "'SK' is too short for peptidematch, which takes 3 residues"),
        (["search", "INDEX", "SKL", "--service", "uniprot"], "--service goes with --via only"),
        (["search", "INDEX", "SKL", "--deadline", "9"], "--deadline goes with --via only"),
        (["search", "--via", "http://x", "SKL", "--deadline", "nan"], "'nan' is not a finite number"),
        (["validate", "INDEX"], "Missing option '--service'"),
        (["validate", "INDEX", "--service", "blast"], "Invalid value for '--service'"),
        (["validate", "INDEX", "--service", "uniprot", "--url", "x"], "'x' is no address"),
        (
            ["validate", "INDEX", "--service", "uniprot", "--length", "9-5"],
            "Invalid value for '--length': '9-5' is not",
        ),
        (
            ["validate", "INDEX", "--service", "uniprot", "--length", "x"],
            "Invalid value for '--length': 'x' is neither",
        ),
        (["validate", "INDEX", "--service", "uniprot", "--length", "2"], "Invalid value for '--length': '2' is not"),
        (["validate", "INDEX", "--service", "uniprot", "--length", "99"], "no peptide of 99 to 99 standard residues"),
        (["validate", "INDEX", "--service", "uniprot", "--deadline", "0"], "Invalid value for '--deadline'"),
        (["validate", "INDEX", "--service", "uniprot", "--deadline", "nan"], "'nan' is not a finite number"),
        (["validate", "INDEX", "--service", "uniprot", "-o", "/"], "/: is a folder, not a file; name a file"),
        (
            ["validate", "INDEX", "--service", "uniprot", "--peptides", "x", "--seed", "1"],
            "--sample, --seed and --length do not go with --peptides",
        ),
    ],
)
def test_wrong_usage_is_one_line(pslidx: Call, index: Path, arguments: list[str], line: str) -> None:
    ended = pslidx(*(str(index) if argument == "INDEX" else argument for argument in arguments))
    assert (ended.code, ended.out) == (2, "")
    assert line in ended.err
    assert ended.err.count("\n") == 1
