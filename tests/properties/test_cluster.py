"""A cluster answers as one process does over the same shards, whatever happens to its workers."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")

from distributed import Client, LocalCluster

from psl_eval import hit_rate, tally
from psl_index import Index, build, on_worker, questions
from psl_index import cluster as clusters
from psl_index.classes import CLASSES
from psl_index.cluster import Cluster, connect
from psl_index.entry_tables import Organisms
from psl_index.errors import InvalidIndexError, RemoteServiceError, UsageError
from psl_index.peptides import Peptides, encode
from psl_index.shard import Shard
from psl_index.shard_order import ShardDraft
from tests.flatfiles import entry
from tests.proteomes import build_index, find_all, write_table

EXAMPLES = 200 if os.environ.get("PSLIDX_SOAK") else 10


@pytest.fixture(scope="module")
def dask() -> Iterator[LocalCluster]:
    """A cluster of two processes on this machine."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=2,
        memory_limit=0,
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as made:
        yield made


@pytest.fixture(autouse=True)
def _two_workers(dask: LocalCluster) -> None:
    """Dask starts another worker for one that was killed; that takes a moment."""
    dask.scale(2)
    dask.wait_for_workers(2, timeout=60)


@pytest.fixture(scope="module")
def cluster(dask: LocalCluster) -> Iterator[Cluster]:
    with connect(dask.scheduler_address) as connected:
        yield connected


residues = st.text("ACILX", min_size=1, max_size=30)
peptides = st.lists(st.text("ACILX", min_size=1, max_size=5), min_size=1, max_size=6)


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    sequences=st.lists(residues, min_size=1, max_size=10),
    peptides=peptides,
    shard_residues=st.integers(10, 60),
    limit=st.sampled_from([None, 1, 2]),
    equate_il=st.booleans(),
)
def test_the_same_counts_and_occurrences(
    cluster: Cluster, sequences: list[str], peptides: list[str], shard_residues: int, limit: int | None, equate_il: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        here = build_index(Path(folder), sequences, shard_residues=shard_residues)
        there = cluster.open(here.path)
        if not equate_il:
            assert there.count(peptides).tolist() == [len(find_all(sequences, peptide)) for peptide in peptides]
        counted, expected = (index.count_both(peptides, equate_il=equate_il) for index in (there, here))
        assert counted.tolist() == expected.tolist()
        found, expected = (
            index.occurrences(encode(peptides), equate_il=equate_il, limit=limit) for index in (there, here)
        )
        assert found.table == expected.table
        assert found.cut.tolist() == expected.cut.tolist()


@st.composite
def databases(draw: st.DrawFn) -> tuple[list[str], list[str], pa.Table, str]:
    """Sequences, their locations, stretches of some of them, and those proteins as FASTA."""
    sequences = draw(st.lists(residues, min_size=2, max_size=12))
    locations = draw(st.lists(st.sets(st.sampled_from(CLASSES[:3])), min_size=len(sequences), max_size=len(sequences)))
    fasta, rows = "", []
    for number in draw(st.lists(st.integers(0, len(sequences) - 1), min_size=1, max_size=6, unique=True)):
        sequence = sequences[number]
        name = draw(st.sampled_from([f"P{number}", f"named-otherwise-{number}"]))
        fasta += f">{name}\n{sequence}\n"
        start = draw(st.integers(1, len(sequence)))
        end = draw(st.integers(start, len(sequence)))
        predicted, true = draw(st.tuples(*[st.sampled_from(CLASSES[:3])] * 2))
        rows.append((name, start, end, sequence[start - 1 : end], predicted, true))
    columns = zip(("query", "start", "end", "subsequence", "predicted", "true"), zip(*rows, strict=True), strict=True)
    return sequences, ["|".join(sorted(of)) for of in locations], pa.table(dict(columns)), fasta


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    database=databases(),
    shard_residues=st.integers(10, 60),
    exclude=st.sampled_from(["self", "none"]),
    rows_at_once=st.integers(1, 4),
)
def test_hit_rates_equal_to_the_bit(
    cluster: Cluster,
    database: tuple[list[str], list[str], pa.Table, str],
    shard_residues: int,
    exclude: str,
    rows_at_once: int,
) -> None:
    sequences, locations, rows, fasta = database
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(tally, "_ROWS_AT_ONCE", rows_at_once)
        proteins = Path(folder) / "proteins.fasta"
        proteins.write_text(fasta)
        here = build_index(Path(folder), sequences, locations, shard_residues=shard_residues)
        one, other = (
            hit_rate(index, rows, proteins=proteins, exclude=exclude, against="both")
            for index in (here, cluster.open(here.path))
        )
        assert one == other  # doubles are compared as they are


SEQUENCES = ["MKKRKVDE", "MKKRKVDEMKKRKV", "MKKUKV", "AAAAAAAAAAAAAAAAAAAAAAA", "MKKRKVDE", "MWKK"]
PEPTIDES = ["KK", "MKKRKV", "A", "U", "WKK", "CC"]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    """Six entries in four shards."""
    made = build_index(tmp_path, SEQUENCES, ["Nucleus", "", "Plastid", "", "Nucleus|Plastid", ""], shard_residues=23)
    assert len(made.shards) == 4
    return made


def test_entries_of_an_organism_and_all_columns(cluster: Cluster, tmp_path: Path) -> None:
    organisms = [(9606, "Eukaryota; Mammalia"), (4932, "Eukaryota; Fungi"), (9606, "Eukaryota; Mammalia")]
    entries = [
        entry(f"OC   {lineage}.", f"OX   NCBI_TaxID={taxon};", accession=f"P9999{number}", sequence="MAAKDELAAC")
        for number, (taxon, lineage) in enumerate(organisms)
    ]
    (tmp_path / "three.dat").write_text("".join(entries))
    build([tmp_path / "three.dat"], tmp_path / "index", shard_residues=10)
    here, there = Index.open(tmp_path / "index"), cluster.open(tmp_path / "index")
    assert len(here.shards) == 3
    assert there.select(taxon=9606).tolist() == here.select(taxon=9606).tolist() == [True, False, True]
    assert there.entries == here.entries
    assert there.locations == here.locations
    assert there.class_masks.tolist() == here.class_masks.tolist()
    few = Organisms(taxon=9606)
    assert there.count_both(["A"], organisms=few).tolist() == here.count_both(["A"], organisms=few).tolist()
    selected = here.select(lineage="Mammalia")
    assert there.locate(["A"], entries=selected) == here.locate(["A"], entries=selected)
    described = np.array([2, 0, 1, 1, 0], np.uint32)
    assert here.describe(described)["accession"].to_pylist() == ["P99992", "P99990", "P99991", "P99991", "P99990"]
    for some in (described, described[:0]):
        assert there.describe(some) == here.describe(some)


def count_once_a_worker_has_died(shard: Shard, peptides: Peptides, marker: Path, *, threads: int) -> np.ndarray:
    """Counts, but the first worker that is asked about a later shard is killed."""
    if shard.first_entry and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return questions.count(shard, peptides, False, threads=threads)


def test_a_worker_killed_in_the_middle_is_survived(cluster: Cluster, index: Index, tmp_path: Path) -> None:
    marker = tmp_path / "died"
    there = cluster.open(index.path)
    counted = list(there.over_shards(count_once_a_worker_has_died, encode(PEPTIDES), marker))
    assert marker.exists()
    expected = list(index.over_shards(questions.count, encode(PEPTIDES), False))
    assert [counts.tolist() for counts in counted] == [counts.tolist() for counts in expected]
    assert there.count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist(), "the next question finds its shards, too"


@pytest.mark.parametrize("losses", [0, 1])
def test_what_was_asked_is_sent_again_when_all_workers_die(
    cluster: Cluster, index: Index, monkeypatch: pytest.MonkeyPatch, losses: int
) -> None:
    there = cluster.open(index.path)
    submit = Cluster._submit
    deaths = []

    def submit_and_kill(self: Cluster, *arguments: object) -> object:
        submitted = submit(self, *arguments)
        if not deaths:
            deaths.extend(self._client.run(os.getpid).values())
            for process in deaths:
                os.kill(process, signal.SIGKILL)
        return submitted

    monkeypatch.setattr(Cluster, "_submit", submit_and_kill)
    monkeypatch.setattr(clusters, "_LOSSES", losses)
    if losses:
        assert there.count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    else:
        with pytest.raises(RemoteServiceError, match=r"all workers died of a question, and again; their logs say"):
            there.count(PEPTIDES)
    assert len(deaths) == 2


def die_of_the_first_shard(shard: Shard, *, threads: int) -> int:
    if not shard.first_entry:
        os.kill(os.getpid(), signal.SIGKILL)
    return shard.n_entries


def test_a_shard_over_which_workers_die_is_named(
    dask: LocalCluster, cluster: Cluster, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask.scheduler, "allowed_failures", 0)
    with pytest.raises(
        RemoteServiceError, match=r"one worker after the other died over shard-0000; their logs say why"
    ):
        list(cluster.open(index.path).over_shards(die_of_the_first_shard))


@pytest.mark.parametrize("damage", ["folder", "section", "header"])
def test_a_lost_or_damaged_shard_is_named(cluster: Cluster, index: Index, damage: str) -> None:
    shard = index.shards[2].folder
    if damage == "folder":
        shutil.rmtree(shard)
    elif damage == "section":
        (shard / "pos.bin").unlink()
    else:
        with (shard / "pos.bin").open("r+b") as file:
            file.write(b"?")
    with pytest.raises(InvalidIndexError, match="shard-0002"):
        cluster.open(index.path)


def test_no_index_is_told_without_asking_anyone(cluster: Cluster, tmp_path: Path) -> None:
    with pytest.raises(InvalidIndexError, match="is not an index"):
        cluster.open(tmp_path)


def test_local_copies_are_used_in_place_of_the_index(cluster: Cluster, index: Index, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    there = cluster.open(index.path, str(copies))
    assert there.count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    names = sorted(path.name for path in (copies / index.manifest.folder).iterdir())
    assert names == [shard.folder for shard in index.manifest.shards]
    with (index.shards[0].folder / "text.bin").open("r+b") as file:
        file.write(b"?")
    assert cluster.open(index.path, str(copies)).count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    with pytest.raises(InvalidIndexError, match="shard-0000"):
        cluster.open(index.path)


def test_a_folder_for_copies_that_is_none_is_refused(cluster: Cluster, index: Index) -> None:
    with pytest.raises(UsageError, match=r"'\$NO_SUCH_PLACE/x' is no folder for copies.*give an absolute path"):
        cluster.open(index.path, "$NO_SUCH_PLACE/x")


def test_a_cluster_index_says_what_it_has_not(cluster: Cluster, index: Index) -> None:
    with cluster.open(index.path) as there, pytest.raises(UsageError, match="on the workers of a cluster only"):
        _ = there.shards
    with pytest.raises(UsageError, match="is closed"):
        there.count(["A"])


def order_once_a_worker_has_died(
    folder: str, draft: ShardDraft, memory: int | None, threads: int, version: str
) -> object:
    """Orders, but the first worker that begins is killed when it has written a part."""
    marker = Path(folder).parents[2] / "died"
    if draft.first_entry and not marker.exists():
        (Path(folder) / "pos.bin").write_bytes(b"unfinished")
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return ORDER(folder, draft, memory, threads, version)


ORDER = on_worker.order


@pytest.mark.parametrize("killed", [False, True])
def test_a_build_gives_the_same_bytes(
    cluster: Cluster, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    if killed:
        monkeypatch.setattr(on_worker, "order", order_once_a_worker_has_died)
    source = write_table(tmp_path / "proteome.tsv", SEQUENCES, ["Nucleus", "", "Plastid", "", "Nucleus|Plastid", ""])
    told: list[object] = []
    summary = build([source], tmp_path / "there", shard_residues=23, ordering=cluster.ordering(progress=told.append))
    assert (tmp_path / "died").exists() == killed
    assert contents(tmp_path / "there") == contents(index.path)
    assert (summary.shards, summary.entries) == (4, 6)
    assert told


def contents(folder: Path) -> dict[str, bytes]:
    """Each file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_workers_that_do_not_see_the_building_folder_say_so(cluster: Cluster, tmp_path: Path) -> None:
    draft = ShardDraft("shard-0000", 0, 1, 1, 0, "", {}, {})
    with pytest.raises(UsageError, match=r"nowhere/shard-0000: is not there for the worker at tcp.*all workers see"):
        cluster.ordering()(tmp_path / "nowhere" / "shard-0000", draft).result()


def test_workers_with_another_version_are_refused(dask: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "pslidx-9.9.9.dist-info").mkdir()
    (tmp_path / "pslidx-9.9.9.dist-info" / "METADATA").write_text("Name: pslidx\nVersion: 9.9.9\n")
    with Client(dask, set_as_default=False) as client:
        client.run(insert_path, str(tmp_path))
        try:
            refused = pytest.raises(RemoteServiceError, match=r"worker tcp\S+: has pslidx 9.9.9, the client has")
            with refused, connect(dask.scheduler_address):
                pass
            late = on_worker.Place("index", "shard-0000", None, "0.0.0", None)
            opening = client.submit(on_worker.OpenedShard, late)
            with pytest.raises(RemoteServiceError, match=r"has pslidx 9.9.9, the client has 0.0.0"):
                opening.result()
        finally:
            client.run(remove_path, str(tmp_path))


def insert_path(folder: str) -> None:
    import sys

    sys.path.insert(0, folder)


def remove_path(folder: str) -> None:
    import sys

    sys.path.remove(folder)


def test_workers_that_dask_would_stop_for_mapped_files_are_refused(
    dask: LocalCluster, cluster: Cluster, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Client(dask, set_as_default=False) as client:
        client.run(limit_memory, 1 << 50)
        try:
            cluster.open(index.path)
            monkeypatch.setattr(type(index.manifest.shards[0]), "n_bytes", 1 << 50)
            with pytest.raises(UsageError, match=r"1,125,899,906,842,624 bytes.*--memory-limit 0"):
                cluster.open(index.path)
        finally:
            client.run(limit_memory, None)


def limit_memory(limit: int | None, dask_worker: object) -> None:
    dask_worker.memory_manager.memory_limit = limit  # type: ignore[attr-defined]


def test_a_scheduler_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_CONNECTING", 0.5)
    unanswered = pytest.raises(RemoteServiceError, match=r"127.0.0.1:\d+: no Dask scheduler answers; check the address")
    with unanswered, connect("tcp://127.0.0.1:1"):
        pass
    with socket.create_server(("127.0.0.1", 0)) as other_service:
        address = f"tcp://127.0.0.1:{other_service.getsockname()[1]}"
        with unanswered, connect(address):
            pass


@pytest.mark.parametrize("address", ["node17", "node17:x", "http://node17:80", ""])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Dask scheduler"), connect(address):
        pass


def test_a_scheduler_without_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "_WITHOUT_WORKERS", 0.2)
    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL) as empty,
        pytest.raises(RemoteServiceError, match="has no workers; start some"),
        connect(empty.scheduler_address),
    ):
        pass
