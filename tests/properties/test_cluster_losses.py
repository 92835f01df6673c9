"""What workers lose, and what they order: answers and builds are the same whatever happens to them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")

from distributed import Client, LocalCluster

from psl_index import Index, build, on_worker, questions
from psl_index import cluster as clusters
from psl_index.cluster import Cluster
from psl_index.errors import InvalidIndexError, RemoteServiceError, UsageError
from psl_index.peptides import Peptides, encode
from psl_index.shard import Shard
from psl_index.shard_order import ShardDraft
from tests.properties.conftest import PEPTIDES, SEQUENCES
from tests.proteomes import write_table

pytestmark = pytest.mark.usefixtures("two_workers")


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
