"""F18: folders that cannot be written, no home, names that are not what one expects, and links."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from psl_index import verify
from tests.faults.commands import Ended, run_all
from tests.faults.every_question import build_rich_index

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
QUERY = "SELECT accession, sequence FROM entries JOIN locations USING (entry)"
SUBSEQUENCES = "query\tstart\tend\tsubsequence\tpredicted\nP00000\t2\t4\tAAA\tNucleus\nP00001\t4\t6\tAAC\tCytoplasm\n"
READING = ("info", "verify", "search", "sql", "hitrate")


def commands(index: object, subsequences: object, results: object, source: object | None = None) -> list[list[object]]:
    """Each command that reads `index`, with results in `results`; before them one that makes it of `source`."""
    build = [] if source is None else [["build", source, "-o", index]]
    return [
        *build,
        ["info", index],
        ["verify", index, "--full"],
        ["search", index, "AAA", "KKL"],
        ["sql", index, QUERY],
        ["hitrate", index, subsequences, "-o", results],
    ]


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source, its index, and subsequences."""
    folder = tmp_path_factory.mktemp("work")
    build_rich_index(folder)
    (folder / "subsequences.tsv").write_text(SUBSEQUENCES)
    return folder


@pytest.fixture(scope="module")
def usual(work: Path) -> list[Ended]:
    """What the commands say where all is as usual."""
    ended = run_all(commands(work / "index", work / "subsequences.tsv", work / "rates"))
    assert [one.code for one in ended] == [0] * len(READING)
    assert ended[READING.index("search")].out.count("\n") == 61
    assert ended[READING.index("hitrate")].out.count("\n") > 1
    return ended


def assert_as_usual(ended: list[Ended], usual: list[Ended]) -> None:
    for name, one, expected in zip(READING, ended, usual, strict=True):
        assert (one.code, one.err) == (expected.code, expected.err), name
        if name != "verify":  # which names the folder
            assert one.out == expected.out, name


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_read_only_index_is_read_and_not_replaced(work: Path, usual: list[Ended], tmp_path: Path) -> None:
    index = Path(shutil.copytree(work / "index", tmp_path / "index"))
    names = sorted(index.rglob("*"))
    (tmp_path / "new").mkdir()
    with read_only(index), read_only(tmp_path / "new"):
        *ended, replacing, making = run_all(
            [
                *commands(index, work / "subsequences.tsv", tmp_path / "rates"),
                ["build", work / "five.dat", "-o", index],
                ["build", work / "five.dat", "-o", tmp_path / "new" / "index"],
            ],
            read_only=index,
        )
    assert_as_usual(ended, usual)
    for refused, folder in ((replacing, index), (making, tmp_path / "new")):
        assert (refused.code, refused.out) == (1, "")
        assert refused.err.startswith(f"pslidx: error: {folder}/")
        assert refused.err.endswith(": cannot write: Permission denied; choose a folder you may write to\n")
    assert sorted(index.rglob("*")) == names
    assert verify(index, full=True).problems == ()


def test_results_that_cannot_be_written(work: Path, usual: list[Ended], tmp_path: Path) -> None:
    """Because of the folder: no permission."""
    folder = tmp_path / "closed"
    folder.mkdir()
    with read_only(folder):
        ended = run_all(
            [
                ["search", work / "index", "AAA", "-o", folder / "hits.tsv"],
                ["hitrate", work / "index", work / "subsequences.tsv", "-o", folder / "rates"],
            ],
            read_only=folder,
        )
    for one in ended:
        assert one.code == 1
        assert one.err.startswith(f"pslidx: error: {folder}/")
        assert "Permission denied" in one.err
    assert list(folder.iterdir()) == []


def test_no_home(work: Path, usual: list[Ended], tmp_path: Path) -> None:
    environment = {"HOME": None, "XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": None}
    index, rates = tmp_path / "index", tmp_path / "rates"
    built, *ended = run_all(
        commands(index, work / "subsequences.tsv", rates, work / "five.dat"), environment=environment, folder=tmp_path
    )
    assert built.code == 0
    assert_as_usual(ended, usual)
    assert {path.name for path in tmp_path.iterdir()} == {"index", "rates"}


def test_nowhere_to_keep_compiled_code(work: Path, usual: list[Ended], tmp_path: Path) -> None:
    """It is compiled anew; which takes long, so that the short test goes without compiling."""
    closed = tmp_path / "closed"
    closed.mkdir()
    environment = {"HOME": str(closed), "XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": str(closed / "cache")}
    environment["NUMBA_DISABLE_JIT"] = "0" if SOAK else "1"
    index, rates = tmp_path / "index", tmp_path / "rates"
    with read_only(closed):
        built, *ended = run_all(
            commands(index, work / "subsequences.tsv", rates, work / "five.dat"),
            environment=environment,
            read_only=closed,
        )
    assert built.code == 0
    assert_as_usual(ended, usual)
    assert list(closed.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        b"with spaces and 'quotes' and \"more\"",
        "Größe, 東京, 🧬".encode(),
        b"line\nbreak and\ttab",
        b"not UTF-8: \xff\xfe",
        b"100% $HOME {0} *?[a] ; ~",
        b"x" * 240,
    ],
    ids=["spaces", "UTF-8", "line break", "no UTF-8", "signs", "long"],
)
def test_names(work: Path, usual: list[Ended], tmp_path: Path, name: bytes) -> None:
    """Of the folder all lies in, of the source, the index, the subsequences and the results."""
    folder = tmp_path / os.fsdecode(name)
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no such names here: {error}")
    source, index, subsequences, results, hits = (folder / os.fsdecode(bytes([first]) + name) for first in b"sbqrh")
    shutil.copyfile(work / "five.dat", source)
    shutil.copyfile(work / "subsequences.tsv", subsequences)
    asked = commands(index, subsequences, results, source)
    asked.append(["search", index, "AAA", "KKL", "-o", hits, "--format", "tsv"])
    built, *ended, written = run_all(asked)
    assert (built.code, built.out) == (0, "")
    info = READING.index("info")
    assert ended[info].code == 0
    assert_as_usual([*ended[:info], usual[info], *ended[info + 1 :]], usual)
    assert written.code == 0
    assert hits.read_bytes().decode("latin-1") == usual[READING.index("search")].out
    assert {path.name for path in results.iterdir()} > {"summary.tsv", "manifest.json"}
    assert sorted(folder.iterdir()) == sorted([source, index, subsequences, results, hits])


def test_errors_about_a_name_that_is_not_utf_8(tmp_path: Path) -> None:
    """One line on standard error, with the bytes escaped."""
    folder = tmp_path / os.fsdecode(b"\xff")
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"no such names here: {error}")
    (folder / "bad.tsv").write_text("accession\tsequence\nP1\t4\n")
    ended = run_all(
        [
            ["build", folder / "bad.tsv", "-o", tmp_path / "index"],
            ["build", folder / "none.tsv", "-o", tmp_path / "index"],
            ["info", folder],
            ["search", folder, "AAA"],
        ]
    )
    assert [one.code for one in ended] == [1, 1, 3, 3]
    for one in ended:
        assert one.out == ""
        assert one.err.startswith(f"pslidx: error: {tmp_path}/\\udcff")
        assert one.err.count("\n") == 1
        assert "bug" not in one.err


@pytest.mark.parametrize("linked", ["the index", "its manifest"])
def test_links(work: Path, usual: list[Ended], tmp_path: Path, linked: str) -> None:
    """Reading follows them; a build replaces a linked manifest, and fills the folder that a link leads to."""
    index, elsewhere = tmp_path / "index", tmp_path / "elsewhere"
    if linked == "the index":
        shutil.copytree(work / "index", elsewhere)
        index.symlink_to(elsewhere, target_is_directory=True)
    else:
        shutil.copytree(work / "index", index)
        elsewhere.mkdir()
        (index / "manifest.json").rename(elsewhere / "manifest.json")
        (index / "manifest.json").symlink_to(elsewhere / "manifest.json")
    kept = (elsewhere / "manifest.json").read_bytes()
    asked = commands(index, work / "subsequences.tsv", tmp_path / "rates")
    *ended, rebuilt = run_all([*asked, ["build", work / "five.dat", "-o", index, "--release", "2"]])
    assert_as_usual(ended, usual)
    assert rebuilt.code == 0
    assert verify(index, full=True).problems == ()
    if linked == "the index":
        assert index.is_symlink()
        assert (elsewhere / "manifest.json").read_bytes() != kept
    else:
        assert not (index / "manifest.json").is_symlink()
        assert (elsewhere / "manifest.json").read_bytes() == kept


def test_links_that_lead_nowhere(work: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.symlink_to(tmp_path / "nowhere")
    shutil.copytree(work / "index", tmp_path / "half")
    (tmp_path / "half" / "manifest.json").unlink()
    (tmp_path / "half" / "manifest.json").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for place in (index, tmp_path / "half", tmp_path / "circle"):
        *ended, built = run_all(
            [
                *commands(place, work / "subsequences.tsv", tmp_path / "rates"),
                ["build", work / "five.dat", "-o", place],
            ]
        )
        assert {one.code for one in ended} <= {1, 3}
        assert built.code in (1, 2)
        for one in (*ended, built):
            assert (one.out, one.err.count("\n")) == ("", 1)
            assert one.err.startswith(f"pslidx: error: {place}")
            assert "bug" not in one.err
