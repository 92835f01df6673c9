"""Clusters by MMseqs2: what it is asked, what is made of its answer, and how its failures are told."""

from __future__ import annotations

import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from psl_eval.exclusion.clustering import Clustering, cluster_entries
from psl_eval.exclusion.clusters import sequence_identifier
from psl_eval.queries.proteins import read_proteins
from psl_index import Index, Progress
from psl_index.errors import InputError, OutputError, UsageError
from tests.psl_eval import fake_mmseqs

ROWS = [("P12345", "MKT", []), ("an entry", "AKT", []), ("Q9H400", "MMM", []), ("P12345", "CCC", [])]


@pytest.fixture(params=[None, 4])
def index(request: pytest.FixtureRequest, build_index: Callable[..., Index]) -> Index:
    return build_index(ROWS, **({} if request.param is None else {"shard_residues": request.param}))


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, with a blank in its name."""
    folder = tmp_path / "temporary files"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def fake(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a program that stands in for `mmseqs` on PATH."""

    def install(*then: str) -> Path:
        folder = tmp_path / "programs"
        monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
        return fake_mmseqs.install(folder, *then)

    return install


def pairs(made: Clustering) -> list[tuple[str, str]]:
    return list(zip(*(column.to_pylist() for column in made.pairs.columns), strict=True))


def test_entries_go_by_their_accessions(index: Index, fake: Callable[..., Path], temporary: Path) -> None:
    asked = fake()
    steps: list[Progress] = []
    made = cluster_entries(index, identity=0.5, coverage=0.75, threads=3, progress=steps.append)
    expected = [("P12345", "P12345"), ("an entry", "an entry"), ("P12345", "Q9H400"), ("P12345", "P12345")]
    assert (pairs(made), made.clusters, made.mmseqs) == (expected, 3, "14-test")
    assert (asked / "sequences").read_text() == ">0\nMKT\n>1\nAKT\n>2\nMMM\n>3\nCCC\n"
    parameters = "--min-seq-id 0.5 -c 0.75 --cov-mode 0 --cluster-mode 0 --dbtype 1"
    command = f"easy-cluster sequences.fasta result work {parameters} --threads 3"
    assert (asked / "arguments").read_text().split() == command.split()
    assert list(made.parameters) == parameters.split()
    assert [step.step for step in steps[-2:]] == [
        "writing sequences for MMseqs2",
        "MMseqs2: finding candidates for similar sequences",
    ]
    assert steps[-2].done == steps[-2].total == 4
    assert Path((asked / "folder").read_text()).parent == temporary
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (">sp|P99999|X a protein\nAAA\n>mine\nWWW\n", ["sp|P99999|X", "mine"]),
        ("AAA\nWWW\n", [sequence_identifier("AAA"), sequence_identifier("WWW")]),
    ],
)
def test_proteins_go_by_their_names_or_else_by_their_sequences(
    index: Index, fake: Callable[..., Path], tmp_path: Path, content: str, names: list[str]
) -> None:
    fake()
    path = tmp_path / "proteins"
    path.write_text(content)
    proteins = read_proteins(path)
    made = cluster_entries(index, identity=0.3, proteins=proteins)
    assert pairs(made)[4:] == [("an entry", names[0]), (names[1], names[1])]
    assert made.manifest(index, proteins) == {
        "format": "pslidx clusters",
        "format_version": 1,
        "tools": {"pslidx": made.manifest(index, None)["tools"]["pslidx"], "mmseqs": "14-test"},
        "command": ["mmseqs", "easy-cluster", *made.parameters],
        "index": {"digest": index.manifest.digest, "release": index.manifest.release, "entries": 4},
        "proteins": {"name": "proteins", "size": len(content), "sha256": proteins.record.sha256, "records": 2},
        "clusters": 4,
    }
    assert made.manifest(index, None)["proteins"] is None


@pytest.mark.parametrize(
    ("then", "complaint"),
    [
        ("sys.exit('Can not write to data file e')", "MMseqs2 failed with exit code 1: Can not write to data file e$"),
        ("sys.exit(7)", "MMseqs2 failed with exit code 7$"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "MMseqs2 was killed by SIGKILL$"),
        ("print('Error: Search died'); sys.exit(1)", "MMseqs2 failed with exit code 1: Error: Search died$"),
        ("sys.exit('write: No space left on device')", "temporary files/.*: no space left; .*TMPDIR"),
        ("pass", "MMseqs2 has not written what it should"),
        ("write([('0', 'one')])", "MMseqs2 has not written what it should"),
        ("write(numbers[1:])", "of 4 sequences, MMseqs2 put 3 into one"),
        ("write([*numbers, numbers[0]])", "of 4 sequences, MMseqs2 put 4 into one"),
        ("write([('9', b) for _, b in numbers])", "of 4 sequences"),
    ],
)
def test_failures_are_one_line_and_leave_nothing(
    index: Index, fake: Callable[..., Path], temporary: Path, then: str, complaint: str
) -> None:
    fake(then)
    with pytest.raises(OutputError, match=complaint) as error:
        cluster_entries(index, identity=0.5)
    assert "\n" not in str(error.value)
    assert not list(temporary.iterdir())


def test_an_exception_ends_all_that_was_started(index: Index, fake: Callable[..., Path], temporary: Path) -> None:
    asked = fake("subprocess.run(['sleep', '1000'])")

    def stop(progress: Progress) -> None:
        if progress.step.startswith("MMseqs2"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cluster_entries(index, identity=0.5, progress=stop)
    assert (asked / "folder").exists()
    assert not list(temporary.iterdir())


def test_without_room_for_temporary_files(
    index: Index, fake: Callable[..., Path], temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "missing"))
    with pytest.raises(OutputError, match=r"missing/.*cannot be written: No such file.*TMPDIR"):
        cluster_entries(index, identity=0.5)


def test_a_full_disk_that_mmseqs_says_nothing_of(
    index: Index, fake: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake("sys.exit(1)")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=0))
    with pytest.raises(OutputError, match=r"no space left; MMseqs2 failed with exit code 1; .*TMPDIR"):
        cluster_entries(index, identity=0.5)


def test_without_mmseqs_it_says_how_to_get_it(index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match=r"`mmseqs` is not installed.*apt install mmseqs2.*conda install.*mmseqs2"):
        cluster_entries(index, identity=0.5)


@pytest.mark.parametrize(
    ("shares", "name"), [({"identity": 50}, "identity"), ({"identity": 0.5, "coverage": -1}, "cov")]
)
def test_shares_are_from_0_to_1(index: Index, shares: dict[str, float], name: str) -> None:
    with pytest.raises(UsageError, match=rf"{name}.* from 0 to 1"):
        cluster_entries(index, **shares)


def test_proteins_of_one_name_are_refused(index: Index, fake: Callable[..., Path], tmp_path: Path) -> None:
    fake()
    path = tmp_path / "proteins"
    path.write_text(">mine\nAAA\n>other\nMMM\n>mine\nWWW\n")
    with pytest.raises(InputError, match="proteins: 'mine' is the name of 2 proteins; give each its own"):
        cluster_entries(index, identity=0.5, proteins=read_proteins(path))
    path.write_text("AAA\nAAA\n")  # one name for one sequence
    assert len(pairs(cluster_entries(index, identity=0.5, proteins=read_proteins(path)))) == 6


@pytest.mark.skipif(shutil.which("mmseqs") is None, reason="mmseqs is not installed")
def test_mmseqs_finds_families(build_index: Callable[..., Index], tmp_path: Path, temporary: Path) -> None:
    dice = random.Random(1)
    ancestors = ["".join(dice.choices("ACDEFGHIKLMNPQRSTVWY", k=200)) for _ in range(3)]

    def relative(ancestor: str) -> str:
        """A fifth of the residues changed."""
        return "".join(dice.choice("ACDEFGHIKLMNPQRSTVWY") if dice.random() < 0.2 else residue for residue in ancestor)

    rows = [(f"P0000{3 * i + j}", relative(ancestor), []) for i, ancestor in enumerate(ancestors) for j in range(3)]
    path = tmp_path / "proteins.txt"
    nameless = relative(ancestors[1])
    path.write_text(f"{nameless}\nMUX\n")
    made = cluster_entries(build_index(rows), identity=0.5, proteins=read_proteins(path))
    families: dict[str, set[str]] = {}
    for representative, member in pairs(made):
        families.setdefault(representative, set()).add(member)
    expected = [{f"P0000{3 * i + j}" for j in range(3)} for i in range(3)]
    expected[1].add(sequence_identifier(nameless))
    expected.append({sequence_identifier("MUX")})
    assert sorted(map(sorted, families.values())) == sorted(map(sorted, expected))
    assert made.pairs.schema.names == ["representative", "member"]
    assert isinstance(made.pairs, pa.Table)
    assert not list(temporary.iterdir())
