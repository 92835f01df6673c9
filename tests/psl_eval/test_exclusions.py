"""Exclusions: whose entries each leaves out, and when it must refuse."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.exclusion.clusters import Clusters, read_clusters, sequence_identifier
from psl_eval.exclusion.exclusions import EXCLUSIONS, Excluded, exclusion
from psl_eval.exclusion.training_sets import TrainingSet, read_training_set
from psl_eval.queries.proteins import Queries
from psl_index import Index, build
from psl_index.errors import UsageError
from tests.psl_eval.reference import Entry, cluster_entries, identical_entries, own_entries

FIRST = "MKKRKVDPSTNWQ"
SECOND = "MAAAAAAAAAAAAAAAAAAA"
DATABASE = [
    ("P12345", FIRST, ["Nucleus"]),
    ("Q9H400", SECOND, ["Nucleus"]),
    ("copy", FIRST, []),
    ("longer", FIRST + "A", ["Nucleus"]),
    ("Q9H400", SECOND[:-1], ["Nucleus"]),
    ("lab|7", "MX", ["Nucleus"]),
    ("7", "MW", ["Nucleus"]),
]
Protein = tuple[str | None, str | None]  # identifier, sequence


@pytest.fixture(scope="module", params=[None, 20])
def index(request: pytest.FixtureRequest, build_index: Callable[..., Index]) -> Index:
    return build_index(DATABASE, **({} if request.param is None else {"shard_residues": request.param}))


def queries(*proteins: Protein) -> Queries:
    columns = {
        "names": pa.array([identifier or str(number) for number, (identifier, _) in enumerate(proteins)], pa.string()),
        "identifiers": pa.array([identifier for identifier, _ in proteins], pa.string()),
        "sequences": pa.array([sequence for _, sequence in proteins], pa.large_string()),
        "of_row": np.arange(len(proteins)),
    }
    return Queries(**{field.name: columns[field.name] for field in fields(Queries)})


def of_each(excluded: Excluded) -> list[list[int]]:
    bounds = zip(excluded.offsets, excluded.offsets[1:], strict=False)
    return [excluded.entries[start:end].tolist() for start, end in bounds]


def left_out(
    index: Index,
    name: str,
    *proteins: Protein,
    clusters: Clusters | None = None,
    training: TrainingSet | None = None,
) -> list[list[int]]:
    return of_each(exclusion(name, index, clusters=clusters, training=training).of(queries(*proteins)))


@pytest.fixture
def clusters_of(tmp_path: Path) -> Callable[..., Clusters]:
    """Clusters of the lines of a file."""

    def read(*lines: str) -> Clusters:
        path = tmp_path / "clusters.tsv"
        path.write_text("".join(f"{line}\n" for line in lines))
        return read_clusters(path)

    return read


@pytest.mark.parametrize(
    ("identifier", "sequence", "entries"),
    [
        ("P12345", FIRST, [0]),  # by accession, so its copy stays
        ("P12345", None, [0]),  # an accession needs no sequence
        ("P12345", "MOTHER", [0]),  # whatever the sequence says
        ("sp|P12345|AATM_RABIT", None, [0]),
        ("P12345-2", None, [0]),  # an isoform
        ("sp|P12345-2|AATM_RABIT", None, [0]),
        ("lab|7", None, [5]),  # the whole identifier comes first
        ("Q9H400", None, [1, 4]),  # a duplicate accession
        ("new", FIRST, [0, 2]),  # no accession: all with the sequence, annotated or not
        (None, FIRST, [0, 2]),
        (None, SECOND[:-1], [4]),  # whole sequences, not parts of longer ones
        ("A0A022YWF9", None, []),  # an accession that is not in the index
        ("new", "MAAA", []),
        ("new", "MX", [5]),
    ],
)
def test_the_own_entries_of_a_query(
    index: Index, identifier: str | None, sequence: str | None, entries: list[int]
) -> None:
    assert left_out(index, "self", (identifier, sequence)) == [entries]
    assert left_out(index, "none", (identifier, sequence)) == [[]]


@pytest.mark.parametrize(
    ("identifier", "sequence", "entries"),
    [
        ("P12345", FIRST, [0, 2]),  # the copy, too
        ("P12345", None, [0, 2]),  # whose sequence is that of the own entry
        ("P12345", SECOND, [0, 1]),  # the sequence that is given counts, and not the entry's
        ("P12345-2", None, [0, 2]),
        ("copy", None, [0, 2]),
        ("Q9H400", None, [1, 4]),  # each with its own sequence
        ("A0A022YWF9", FIRST, [0, 2]),
        (None, FIRST, [0, 2]),
        (None, FIRST[:-1], []),
    ],
)
def test_identical_leaves_out_all_entries_with_the_sequence(
    index: Index, identifier: str | None, sequence: str | None, entries: list[int]
) -> None:
    assert left_out(index, "identical", (identifier, sequence)) == [entries]


@pytest.mark.parametrize(
    ("identifier", "sequence", "entries"),
    [
        ("P12345", FIRST, [0, 2, 3]),  # identical, and what is in its cluster
        ("sp|P12345-3|X_HUMAN", "MOTHER", [0, 3]),
        ("A0A022YWF9", "MOTHER", [1, 4]),  # not in the index, but in a cluster
        ("new", FIRST, [0, 2, 3]),  # by an entry with the sequence
        ("copy", None, [0, 2, 3]),  # by an entry with the sequence of the own one
        (None, "MNAMELESS", [6]),  # by its sequence, as `pslidx cluster` names it
        ("lab|7", None, [5, 6]),  # what may be the accession in it is tried in turn
        (None, "MW", [6]),
        (None, "MLONELY", []),
    ],
)
def test_cluster_leaves_out_the_relatives(
    index: Index,
    clusters_of: Callable[..., Clusters],
    identifier: str | None,
    sequence: str | None,
    entries: list[int],
) -> None:
    nameless = sequence_identifier("MNAMELESS")
    clusters = clusters_of("sp|P12345-2|Y\tlonger", "Q9H400\tUniRef50_1", "A0A022YWF9\tUniRef50_1", f"{nameless}\t7")
    assert left_out(index, "cluster", (identifier, sequence), clusters=clusters) == [entries]


def test_of_several_entries_with_the_sequence_all_clusters_count(
    index: Index, clusters_of: Callable[..., Clusters]
) -> None:
    clusters = clusters_of("copy\t7", "P12345\tlonger")
    run = exclusion("cluster", index, clusters=clusters)
    assert of_each(run.of(queries((None, FIRST)))) == [[0, 2, 3, 6]]
    assert run.clusters_of(queries((None, FIRST))).tolist() == clusters.find(pa.array(["P12345"])).tolist()


def test_train_leaves_out_the_training_set_everywhere(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "training_set.tsv"
    path.write_text(f"accession\tsequence\tsplit\nnew\t{FIRST}\ttrain\nQ9H400\t\tvalidation\n7\t\ttest\n")
    run = exclusion("train", index, training=read_training_set(path))
    assert run.everywhere.tolist() == [0, 1, 2, 4]
    assert (run.trained, run.trained_found) == (2, 2)
    assert of_each(run.of(queries(("lab|7", None), ("P12345", None)))) == [[5], [0]]
    for name in ("none", "self", "identical"):
        assert not len(exclusion(name, index).everywhere)


def test_a_training_set_that_would_leave_out_nothing_is_refused(index: Index, tmp_path: Path) -> None:
    path = tmp_path / "training_set.tsv"
    path.write_text("P00001\nP00002\n")
    with pytest.raises(UsageError, match=r"training_set\.tsv: none of its 2 proteins is in the index"):
        exclusion("train", index, training=read_training_set(path))
    path.write_text("P00001\nP12345\n")
    training = read_training_set(path)
    run = exclusion("train", index, training=training)
    assert (run.trained, run.trained_found) == (2, 1)
    for name in ("none", "self", "identical"):
        with pytest.raises(UsageError, match=f"--train goes with --exclude train, not with --exclude {name}"):
            exclusion(name, index, training=training)


def test_clusters_that_no_entry_is_in_are_refused(index: Index, clusters_of: Callable[..., Clusters]) -> None:
    asked = ("P00001", FIRST)
    with pytest.raises(UsageError, match=r"clusters\.tsv: no entry of the index is in these clusters"):
        left_out(index, "cluster", asked, clusters=clusters_of("P00001\tP00002"))
    assert left_out(index, "cluster", asked, clusters=clusters_of("P00001\tP00002", "7\t7")) == [[0, 2]]


def test_many_queries_keep_their_own_lists_and_are_counted(index: Index, clusters_of: Callable[..., Clusters]) -> None:
    several = queries((None, SECOND), ("Q9H400", None), ("none", "MST"), ("P12345-1", FIRST), (None, FIRST))
    excluded = exclusion("self", index).of(several)
    assert of_each(excluded) == [[1], [1, 4], [], [0], [0, 2]]
    assert excluded.found_by == {"accession": 2, "sequence": 2, "not_in_index": 1}
    clusters = clusters_of("P12345\t7", "sequence:0\tQ9H400")
    run = exclusion("cluster", index, clusters=clusters)
    excluded = run.of(several)
    assert of_each(excluded) == [[1, 4], [1, 4], [], [0, 2, 6], [0, 2, 6]]
    assert excluded.found_by == {
        "accession": 2,
        "sequence": 2,
        "not_in_index": 1,
        "cluster_by_accession": 2,
        "cluster_by_sequence": 0,
        "cluster_by_entry": 2,
        "in_no_cluster": 1,
    }
    in_order = clusters.find(pa.array(["Q9H400", "Q9H400", None, "P12345", "P12345"])).tolist()
    for name in ("cluster", "self", "none"):
        assert exclusion(name, index, clusters=clusters).clusters_of(several).tolist() == in_order
    assert exclusion("self", index).clusters_of(several).tolist() == [-1] * 5


@pytest.mark.parametrize("name", ["self", "identical", "cluster", "train"])
@pytest.mark.parametrize("identifier", [None, "17", "protein_1"])
def test_neither_accession_nor_sequence_is_a_usage_error_that_names_proteins(
    index: Index, clusters_of: Callable[..., Clusters], name: str, identifier: str | None
) -> None:
    training = None
    if name == "train":
        training = TrainingSet(pa.array(["7"]), pa.nulls(1, pa.large_string()), "", None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=rf"'{name}'.* 1 of 2 queries .* no accession and no sequence.*--proteins"):
        left_out(
            index, name, ("P12345", None), (identifier, None), clusters=clusters_of("P12345\t7"), training=training
        )


@pytest.mark.parametrize("name", ["identical", "cluster"])
def test_an_unknown_sequence_is_a_usage_error_that_names_proteins(
    index: Index, clusters_of: Callable[..., Clusters], name: str
) -> None:
    clusters = clusters_of("A0A022YWF9\t7")
    with pytest.raises(UsageError, match=rf"'{name}'.* 1 of 2 queries \(the first: 'A0A022YWF9'\).*--proteins"):
        left_out(index, name, ("P12345", None), ("A0A022YWF9", None), clusters=clusters)


def test_clusters_without_names_are_a_usage_error_with_any_exclusion(
    index: Index, clusters_of: Callable[..., Clusters]
) -> None:
    with pytest.raises(UsageError, match=r"clusters: 1 of 1 queries .*--proteins.*--clusters"):
        exclusion("none", index, clusters=clusters_of("P12345\t7")).clusters_of(queries((None, None)))


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("cluster", "--clusters"), ("train", "--train"), ("other", "choose one of none, self, identical, cluster, train")],
)
def test_what_an_exclusion_needs_is_asked_for(index: Index, name: str, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        exclusion(name, index)


def test_a_secondary_accession_is_the_entry_too(tmp_path: Path, clusters_of: Callable[..., Clusters]) -> None:
    source = tmp_path / "entry.dat"
    source.write_text(
        "ID   AATM_RABIT              Reviewed;          10 AA.\n"
        "AC   P12345; G1SKL2; Q4KLG7;\n"
        "DT   01-OCT-1989, integrated into UniProtKB/Swiss-Prot.\n"
        "DT   01-OCT-1989, sequence version 1.\n"
        "DT   01-OCT-2022, entry version 100.\n"
        "DE   RecName: Full=Test protein;\n"
        "OS   Oryctolagus cuniculus (Rabbit).\n"
        "OC   Eukaryota; Metazoa.\n"
        "OX   NCBI_TaxID=9986;\n"
        "CC   -!- SUBCELLULAR LOCATION: Nucleus.\n"
        "PE   1: Evidence at protein level;\n"
        "SQ   SEQUENCE   10 AA;  1209 MW;  50309202C3240333 CRC64;\n"
        "     MAKKRKVEDP\n"
        "//\n"
    )
    build([source], tmp_path / "index", threads=1)
    index = Index.open(tmp_path / "index")
    assert left_out(index, "self", ("G1SKL2", None), ("P12345", None)) == [[0], [0]]
    # A file of clusters, older or newer than the index, may have another of the accessions.
    clusters = clusters_of("Q4KLG7\tO43657", "Q9H400\tG1SKL2")
    run = exclusion("cluster", index, clusters=clusters)
    asked = queries(("P12345", None), ("O43657", "MST"), ("Q9H400", "MST"))
    assert of_each(run.of(asked)) == [[0], [0], [0]]
    assert run.clusters_of(asked).tolist()[:2] == clusters.find(pa.array(["G1SKL2", "O43657"])).tolist()


ACCESSIONS = ["P12345", "Q9H400", "O43657", "A0A022YWF9", "P99999", "Q00001"]
SEQUENCES = ["MKT", "MKTA", "MSSS", "MWWW", "MA"]


@pytest.fixture(scope="module")
def random_indexes(build_index: Callable[..., Index]) -> list[tuple[Index, list[Entry]]]:
    """Some indexes, of one shard and of several, in which accessions and sequences come more than once."""
    dice = random.Random(4)
    made = []
    for shard_residues in (1000, 10, 5):
        rows = [(dice.choice(ACCESSIONS[:5]), dice.choice(SEQUENCES), ["Nucleus"]) for _ in range(8)]
        database = [Entry(accession, sequence, frozenset(classes)) for accession, sequence, classes in rows]
        made.append((build_index(rows, shard_residues=shard_residues), database))
    return made


written = st.sampled_from(["{}", "sp|{}|NAME_X", "tr|{}-2|NAME_X", "{}-13"])
protein = st.tuples(st.sampled_from([*ACCESSIONS, None]), written, st.sampled_from(SEQUENCES))
names = st.sampled_from([*ACCESSIONS, "UniRef50_P12345", *map(sequence_identifier, SEQUENCES[:2])])


@given(
    number=st.integers(0, 2),
    proteins=st.lists(protein, min_size=1, max_size=4),
    lines=st.lists(st.tuples(names, names), min_size=1, max_size=5),
    trained=st.lists(st.tuples(st.sampled_from(ACCESSIONS), st.sampled_from([*SEQUENCES, None])), max_size=3),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_exclusion_is_that_of_a_loop_and_contains_the_one_before(
    random_indexes: list[tuple[Index, list[Entry]]],
    clusters_of: Callable[..., Clusters],
    number: int,
    proteins: Sequence[tuple[str | None, str, str]],
    lines: Sequence[tuple[str, str]],
    trained: Sequence[tuple[str, str | None]],
) -> None:
    index, database = random_indexes[number]
    asked = queries(*((name and form.format(name), sequence) for name, form, sequence in proteins))
    trained = [*trained, (database[0].accession, None)]
    training = TrainingSet(
        pa.array([name for name, _ in trained], pa.string()),
        pa.array([sequence for _, sequence in trained], pa.large_string()),
        "trained",
        None,  # type: ignore[arg-type]
    )
    # A file of clusters, or a training set, without any entry is an error.
    lines = [*lines, (database[0].accession, database[0].accession)]
    clusters = clusters_of(*("\t".join(line) for line in lines))
    runs = [
        exclusion(name, index, clusters=clusters, training=training if name == "train" else None) for name in EXCLUSIONS
    ]
    found = {run.name: of_each(run.of(asked)) for run in runs}
    everywhere = [
        entry
        for entry, (accession, sequence, _) in enumerate(database)
        if any(accession == name or sequence == trained_on for name, trained_on in trained)
    ]
    assert runs[-1].everywhere.tolist() == everywhere
    for i, (name, _, sequence) in enumerate(proteins):
        own = own_entries(name, sequence, database)
        in_cluster = cluster_entries(name, sequence, database, lines, sequence_identifier(sequence))
        expected = [set(), own, identical_entries(name, sequence, database), in_cluster, own]
        assert [found[each][i] for each in EXCLUSIONS] == [sorted(entries) for entries in expected]
        for smaller, larger in pairwise(("none", "self", "identical", "cluster")):
            assert set(found[smaller][i]) <= set(found[larger][i])
    with_cluster = {run.name: run.clusters_of(asked).tolist() for run in runs}
    assert all(each == with_cluster["cluster"] for each in with_cluster.values())
