"""A cluster answers as one process does over the same shards, or says what is wrong with it."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")

from distributed import Client, LocalCluster
from pslidx import hits

from psl_eval import hit_rate
from psl_eval.scoring import scorer as scoring
from psl_index import Index, build, on_worker
from psl_index import cluster as clusters
from psl_index.classes import CLASSES
from psl_index.cluster import Cluster, connect
from psl_index.entry_tables import Organisms
from psl_index.errors import InvalidIndexError, RemoteServiceError, UsageError
from psl_index.peptides import encode
from tests.flatfiles import entry
from tests.properties.conftest import PEPTIDES, SEQUENCES
from tests.proteomes import build_index, find_all

pytestmark = pytest.mark.usefixtures("two_workers")
EXAMPLES = 200 if os.environ.get("PSLIDX_SOAK") else 10
residues = st.text("ACILX", min_size=1, max_size=30)
peptides = st.lists(st.text("ACILX", min_size=1, max_size=5), min_size=1, max_size=6)


@settings(max_examples=EXAMPLES)
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


@settings(max_examples=EXAMPLES)
@given(
    database=databases(),
    shard_residues=st.integers(10, 60),
    exclude=st.sampled_from(["self", "none", "identical"]),
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
        patched.setattr(scoring, "_ROWS_AT_ONCE", rows_at_once)
        proteins = Path(folder) / "proteins.fasta"
        proteins.write_text(fasta)
        here = build_index(Path(folder), sequences, locations, shard_residues=shard_residues)
        one, other = (
            hit_rate(index, rows, proteins=proteins, exclude=exclude, against="both", resamples=20)
            for index in (here, cluster.open(here.path))
        )
        assert one == other  # doubles are compared as they are


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


def test_each_shard_is_sent_its_own_entries_only(
    cluster: Cluster, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[list[int]] = []
    ask_each = Cluster.ask_each

    def note(self: Cluster, question: object, shards: object, arguments: list[np.ndarray], threads: int) -> object:
        sent.extend(entries.tolist() for entries in arguments)
        return ask_each(self, question, shards, arguments, threads)

    monkeypatch.setattr(Cluster, "ask_each", note)
    monkeypatch.setattr(Cluster, "ask", None)  # which sends everything to everyone
    assert [shard.first_entry for shard in index.manifest.shards] == [0, 2, 3, 4]
    entries = np.array([5, 0, 3, 1, 5], np.uint32)
    assert cluster.open(index.path).describe(entries) == index.describe(entries)
    assert sent == [[0, 1], [], [3], [5, 5]]


@pytest.mark.parametrize("described", [1, 5, 1000])
def test_hits_are_the_same_however_many_are_described_at_once(
    cluster: Cluster, index: Index, monkeypatch: pytest.MonkeyPatch, described: int
) -> None:
    expected = pa.Table.from_batches(hits.Search(index).hits(PEPTIDES))
    assert len(expected) == sum(len(find_all(SEQUENCES, peptide)) for peptide in PEPTIDES)
    monkeypatch.setattr(hits, "_DESCRIBED_AT_ONCE", described)
    monkeypatch.setattr(hits, "ROWS_AT_ONCE", 2)
    for one in (index, cluster.open(index.path)):
        assert pa.Table.from_batches(hits.Search(one).hits(PEPTIDES)).equals(expected)


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


def test_local_copies_need_no_index_where_the_workers_are(cluster: Cluster, index: Index, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    cluster.open(index.path, str(copies)).close()
    shutil.rmtree(index.path / index.manifest.folder)
    assert cluster.open(index.path, str(copies)).count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    lost = index.manifest.shards[1].folder
    shutil.rmtree(copies / index.manifest.folder / lost)
    with pytest.raises(InvalidIndexError, match=rf"index/\w+/{lost}: is not there for the worker at tcp://"):
        cluster.open(index.path, str(copies))


def test_a_damaged_copy_is_made_again_or_says_where_it_is(cluster: Cluster, index: Index, tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    cluster.open(index.path, str(copies)).close()
    damaged = copies / index.manifest.folder / index.manifest.shards[1].folder / "pos.bin"
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert cluster.open(index.path, str(copies)).count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    assert damaged.read_bytes() == whole
    damaged.write_bytes(whole[:-1])
    shutil.rmtree(index.path / index.manifest.folder)
    with pytest.raises(
        InvalidIndexError, match=rf"^{damaged}: is \d+ bytes long instead of \d+ for the worker at tcp://\S+; have the"
    ):
        cluster.open(index.path, str(copies))


def test_a_folder_for_copies_that_is_none_is_refused(cluster: Cluster, index: Index) -> None:
    with pytest.raises(
        UsageError, match=r"'\$NO_SUCH_PLACE/x' is no folder for copies.* for the worker at tcp.*give an"
    ):
        cluster.open(index.path, "$NO_SUCH_PLACE/x")


def test_a_cluster_index_says_what_it_has_not(cluster: Cluster, index: Index) -> None:
    with cluster.open(index.path) as there, pytest.raises(UsageError, match="on the workers of a cluster only"):
        _ = there.shards
    with pytest.raises(UsageError, match="is closed"):
        there.count(["A"])


def test_workers_with_another_version_are_refused(dask: LocalCluster, tmp_path: Path) -> None:
    (tmp_path / "pslidx-9.9.9.dist-info").mkdir()
    (tmp_path / "pslidx-9.9.9.dist-info" / "METADATA").write_text("Name: pslidx\nVersion: 9.9.9\n")
    with Client(dask, set_as_default=False) as client:
        client.run(insert_path, str(tmp_path))
        try:
            refused = pytest.raises(RemoteServiceError, match=r"worker tcp\S+: has pslidx 9.9.9, the client has")
            with refused, connect(dask.scheduler_address):
                pass
            late = on_worker.Place("index", None, "0.0.0", None)
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
