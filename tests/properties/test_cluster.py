"""A cluster answers as one process does over the same shards, whatever happens to its workers."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")

from dask import config
from distributed import Client, LocalCluster
from pslidx import hits

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
    with (
        # Seconds after a worker died Dask closes what should start it again, if it happens to have died once more.
        config.set({"distributed.deploy.lost-worker-timeout": "1h"}),
        LocalCluster(
            n_workers=2,
            threads_per_worker=2,
            memory_limit=0,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        ) as made,
    ):
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
    cluster.open(index.path).close()  # that it was open, and sound, changes nothing
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


def test_an_index_that_was_damaged_and_built_again_is_read_again(
    cluster: Cluster, index: Index, tmp_path: Path
) -> None:
    expected = index.count(PEPTIDES).tolist()
    for shard in index.manifest.shards:
        table = index.path / index.manifest.folder / shard.folder / "table.bin"
        with table.open("r+b") as file:
            file.seek(64)
            file.write(bytes(table.stat().st_size - 64))
    with cluster.open(index.path) as there:
        assert there.count(PEPTIDES).tolist() != expected
        build_again(index, tmp_path)
        with cluster.open(index.path) as again:
            assert again.count(PEPTIDES).tolist() == expected


def build_again(index: Index, folder: Path) -> None:
    """Build what is in an index from its source once more, in the same place."""
    build([folder / "proteome.tsv"], index.path, shard_residues=23)
    assert Index.open(index.path).manifest == index.manifest


def test_workers_let_go_of_a_closed_index(dask: LocalCluster, cluster: Cluster, index: Index) -> None:
    there = cluster.open(index.path)
    there.count_both(PEPTIDES)
    there.describe(np.arange(6, dtype=np.uint32))
    with Client(dask, set_as_default=False) as client:

        def mapped() -> list[str]:
            return [line for lines in client.run(mapped_below, str(index.path)).values() for line in lines]

        assert len({line.split("/")[-2] for line in mapped()}) == 4
        there.close()
        for _ in range(100):
            if not mapped():
                break
            time.sleep(0.1)
        assert mapped() == []


def mapped_below(folder: str) -> list[str]:
    return [line for line in Path("/proc/self/maps").read_text().splitlines() if folder in line]


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


ENOUGH_FOR_ONE = 700 << 20  # bytes, to order a small shard


def order_within(folder: str, draft: ShardDraft, memory: int | None, threads: int, version: str) -> object:
    """Orders, and takes its time; more memory given to those at work than there is for all of them is an error."""
    given = Path(folder).parents[2] / "given"
    (given / draft.folder).write_text(str(memory))
    time.sleep(0.3)  # others have begun by then, if they are let
    assert sum(int(path.read_text() or 0) for path in given.iterdir()) <= int(given.with_name("memory").read_text())
    ordered = ORDER(folder, draft, memory, threads, version)
    (given / draft.folder).write_text("0")
    return ordered


@pytest.mark.parametrize("enough_for", [1, 2])
def test_workers_on_this_machine_share_the_memory(
    cluster: Cluster, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, enough_for: int
) -> None:
    memory = enough_for * ENOUGH_FOR_ONE
    (tmp_path / "given").mkdir()
    (tmp_path / "memory").write_text(str(memory))
    monkeypatch.setattr(on_worker, "order", order_within)
    local = Cluster(cluster._client, clusters.LOCAL)
    submit = local._client.submit
    each = []

    def note(order: object, folder: str, draft: ShardDraft, given: int, *more: object, **how: object) -> object:
        each.append(given)
        return submit(order, folder, draft, given, *more, **how)

    monkeypatch.setattr(local._client, "submit", note)
    source = write_table(tmp_path / "proteome.tsv", SEQUENCES, ["Nucleus", "", "Plastid", "", "Nucleus|Plastid", ""])
    build([source], tmp_path / "there", shard_residues=23, memory=memory, ordering=local.ordering(memory=memory))
    assert contents(tmp_path / "there") == contents(index.path)
    assert each == [ENOUGH_FOR_ONE] * 4


def test_a_finished_shard_is_not_ordered_again(cluster: Cluster, index: Index, tmp_path: Path) -> None:
    """It may be part of a published index by then."""
    shard = tmp_path / "shard-0000"
    shutil.copytree(index.shards[0].folder, shard)
    record = index.manifest.shards[0]
    first = {name: record.sections[name] for name in ("text", "starts")}
    draft = ShardDraft(shard.name, 0, record.entries, record.residues, 0, "", first, record.tables)
    ordered = cluster.ordering()(shard, draft)
    assert ordered.result() == record
    (shard / "pos.bin").unlink()
    for process in cluster._client.run(os.getpid).values():
        os.kill(process, signal.SIGKILL)
    assert cluster.open(index.path).count(PEPTIDES).tolist() == index.count(PEPTIDES).tolist()
    assert not (shard / "pos.bin").exists()
    assert ordered.result() == record


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
