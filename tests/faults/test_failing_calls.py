"""F7: every system call about a file fails once, each in turn."""

from __future__ import annotations

import errno
import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from psl_index import Index, verify
from psl_index.errors import InvalidIndexError
from tests.faults import children
from tests.faults.system_calls import Call, Moment, Watched, beyond_the_shard, require_supervision, watch
from tests.proteomes import build_index, write_table

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
BEFORE, AFTER = ["MAAAGRSAW" * 20], ["MRTCYWAK", "MXUAACKLIV"]
ANSWERS = {(20, 0, 0): "before", (0, 1, 1): "after"}
ROWS = "query\tstart\tend\tsubsequence\tpredicted\nP0\t2\t4\tAAA\tNucleus\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tables, the indexes of both, and questions."""
    require_supervision()
    folder = tmp_path_factory.mktemp("made")
    for name, sequences in (("before", BEFORE), ("after", AFTER)):
        (folder / name).mkdir()
        build_index(folder / name, sequences, ["Nucleus"] * len(sequences))
    (folder / "rows.tsv").write_text(ROWS)
    (folder / "other-rows.tsv").write_text(ROWS.replace("2\t4", "3\t5"))
    return folder


@pytest.mark.parametrize("there", ["nothing", "before", "after"])
def test_a_build(made: Path, tmp_path: Path, there: str) -> None:
    """A first one, one that replaces another index, one that replaces the same."""
    source = write_table(tmp_path / "source.tsv", AFTER, ["Nucleus"] * len(AFTER))
    folder = tmp_path / "work"
    index = folder / "index"

    def prepare() -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if there != "nothing":
            shutil.copytree(made / there / "index", index)

    prepare()
    whole = watch(folder, children.pslidx, "build", source, "-o", index)
    assert (whole.code, what_is_there(index)) == (0, "after"), whole.said
    outcomes = Counter[str]()
    for moment, error in failures(whole.moments if SOAK or there == "nothing" else beyond_the_shard(whole.moments)):
        prepare()
        names = listing(folder)
        ended = watch(folder, children.pslidx, "build", source, "-o", index, at=moment, outcome=error)
        outcome = what_is_there(index)
        outcomes[outcome] += 1
        if ended.code == 0:
            assert outcome == "after", moment
        else:
            check_complaint(ended, index, moment, error)
            assert outcome in (there, "after"), moment
            if outcome == there != "after" and listing(folder) != names:
                assert is_cleaning(moment.call), (moment, listing(folder))
    assert outcomes[there] > outcomes.total() / 2


@pytest.mark.parametrize("table_format", ["tsv", "parquet"])
def test_a_search(made: Path, tmp_path: Path, table_format: str) -> None:
    folder = tmp_path / "work"
    target = folder / f"hits.{table_format}"

    def command(peptide: str) -> tuple[object, ...]:
        return children.pslidx, "search", folder / "index", peptide, "-o", target

    folder.mkdir()
    shutil.copytree(made / "before" / "index", folder / "index")
    assert children.run(*command("AAA")).code == 0
    before, names = target.read_bytes(), listing(folder)
    whole = watch(folder, *command("GRS"))
    assert whole.code == 0, whole.said
    after = target.read_bytes()
    assert len({before, after}) == 2
    failed = 0
    for moment, error in failures(whole.moments):
        target.write_bytes(before)
        ended = watch(folder, *command("GRS"), at=moment, outcome=error)
        if ended.code == 0:
            assert target.read_bytes() == after, moment
        else:
            check_complaint(ended, folder, moment, error)
            assert target.read_bytes() == before, moment
            failed += 1
        assert listing(folder) == names, moment
    assert failed > 10


@pytest.mark.parametrize(
    ("there", "table_format"),
    [("nothing", "parquet"), ("results", "tsv"), *([("nothing", "tsv"), ("results", "parquet")] if SOAK else [])],
)
def test_hit_rates(made: Path, tmp_path: Path, there: str, table_format: str) -> None:
    folder = tmp_path / "work"
    target = folder / "rates"
    index = made / "before" / "index"

    def command(rows: str) -> tuple[object, ...]:
        return (
            children.pslidx,
            "hitrate",
            index,
            made / rows,
            "--exclude",
            "none",
            *children.QUICK,
            "-o",
            target,
            "--format",
            table_format,
        )

    folder.mkdir()
    assert children.run(*command("rows.tsv")).code == 0
    before = contents(target)
    whole = watch(folder, *command("other-rows.tsv"))
    assert whole.code == 0, whole.said
    after = contents(target)
    assert before.keys() == after.keys()
    assert before != after
    shutil.rmtree(target)
    if there == "nothing":
        before = {}
        whole = watch(folder, *command("other-rows.tsv"))
    failed = 0
    for moment, error in failures(whole.moments):
        shutil.rmtree(folder)
        target.mkdir(parents=True)
        for name, content in before.items():
            (target / name).write_bytes(content)
        if not before:
            target.rmdir()
        ended = watch(folder, *command("other-rows.tsv"), at=moment, outcome=error)
        if ended.code == 0:
            assert contents(target) == after, moment
        else:
            check_complaint(ended, folder, moment, error)
            failed += 1
            if not is_cleaning(moment.call):
                assert contents(target) in (before, after), moment
                assert os.listdir(folder) == (["rates"] if target.exists() else []), moment
        if os.listdir(folder) != ["rates"]:
            again = children.run(*command("rows.tsv"))
            assert again.code == 0, (moment, again.said)
            assert os.listdir(folder) == ["rates"], moment
    assert failed > 10


def failures(moments: Sequence[Moment]) -> list[tuple[Moment, int]]:
    """Each call with the error it is to give; of many that are alike the first and the last, unless soaking."""
    alike = Counter(moment.call for moment in moments)
    chosen = [moment for moment in moments if SOAK or moment.occurrence in (0, alike[moment.call] - 1)]
    errors = (errno.EIO, errno.ENOSPC) if SOAK else ()
    return [(moment, error) for moment in chosen for error in errors or (usual_error(moment.call),)]


def usual_error(call: Call) -> int:
    return errno.EIO if call.name in ("open", "sync", "remove") else errno.ENOSPC


def is_cleaning(call: Call) -> bool:
    """Whether it may be a step of removing files, which then stay; or of looking for them."""
    return call.name in ("remove", "open")


def check_complaint(ended: Watched, path: Path, moment: Moment, error: int) -> None:
    """One line that names a file or folder there, and what the system said of it."""
    assert (ended.code, ended.struck) == (1, True), (moment, ended.said)
    assert "Traceback" not in ended.said, moment
    last = ended.said.splitlines()[-1]
    assert last.startswith("pslidx: error: "), (moment, ended.said)
    assert str(path) in last, (moment, ended.said)
    assert os.strerror(error) in last, (moment, ended.said)


def what_is_there(index: Path) -> str:
    if not (index / "manifest.json").exists():
        with pytest.raises(InvalidIndexError, match=r"there is no manifest\.json in it"):
            Index.open(index)
        return "nothing"
    assert verify(index, full=True).problems == ()
    with Index.open(index) as opened:
        return ANSWERS[tuple(opened.count(["AAA", "TCY", "XUA"]).tolist())]


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}
