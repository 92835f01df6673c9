"""The hit rate: worked by hand, against the reference, and what must not change it."""

from __future__ import annotations

import gzip
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval import HitRates, hit_rate
from psl_index import Index, build
from psl_index.classes import CLASSES
from psl_index.errors import UsageError
from tests.psl_eval.reference import Entry, mean, own_entries, score, starts_of

# The example of docs/hit-rate.md. KKRKV stands at 3-7 of the query, the protein Q.
DATABASE = [
    ("A", "MGKKRKVEE", ["Nucleus"]),  # KKRKV at 3, as in the query: beta 1
    ("B", "MSTAAKKRKVGGKKRKV", ["Nucleus", "Cytoplasm"]),  # at 6 and 13; the nearest to 3 is 6: beta 1/3
    ("C", "MKKRKVA", ["Extracellular"]),  # at 2, but no nuclear protein
    ("D", "MAKKRKVEE", []),  # at 3, but not annotated: does not count at all
    ("Q", "MAKKRKVEDP", ["Nucleus"]),  # the query itself
]
SUBSEQUENCES = (
    "query\tstart\tend\tsubsequence\tpredicted\ttrue\n"
    "Q\t3\t7\tKKRKV\tNucleus\tCytoplasm\n"
    "Q\t8\t10\tEDP\tNucleus\tCytoplasm\n"
)


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index(DATABASE)


@pytest.fixture
def subsequences(tmp_path: Path) -> Path:
    path = tmp_path / "subsequences.tsv"
    path.write_text(SUBSEQUENCES)
    return path


def summary_of(rates: HitRates, **chosen: str) -> dict[str, object]:
    """The one row of the summary that has the `chosen` values."""
    rows = [row for row in rates.summary.to_pylist() if chosen.items() <= row.items()]
    assert len(rows) == 1
    return rows[0]


@pytest.mark.parametrize(
    ("definition", "exclude", "rates", "of_protein"),
    [
        # A 1, B 1/3, C 0, Q 1 of four entries; EDP is in Q alone.
        ("paper", "none", [(1 + 1 / 3 + 0 + 1) / 4, 1.0], ((1 + 1 / 3 + 0 + 1) / 4 + 1) / 2),
        # Without Q three entries are left, and none for EDP: that is missing, not 0.
        ("paper", "self", [(1 + 1 / 3 + 0) / 3, None], (1 + 1 / 3) / 3),
        ("unweighted", "none", [3 / 4, 1.0], (3 / 4 + 1) / 2),
        ("unweighted", "self", [2 / 3, None], 2 / 3),
        # A, B, C and Q are credited to KKRKV, all with weight 1; nothing is left for EDP.
        ("released", "none", [3 / 4, None], 3 / 4),
        ("released", "self", [2 / 3, None], 2 / 3),
    ],
)
def test_the_example_of_the_documentation(
    index: Index,
    subsequences: Path,
    definition: str,
    exclude: str,
    rates: list[float | None],
    of_protein: float,
) -> None:
    found = hit_rate(index, subsequences, definition=definition, exclude=exclude)
    assert found.subsequences["hit_rate"].to_pylist() == pytest.approx(rates, abs=1e-15)
    assert found.proteins["hit_rate"].to_pylist() == pytest.approx([of_protein], abs=1e-15)
    row = summary_of(found, subset="all", exclusion=exclude)
    assert row["hit_rate"] == pytest.approx(of_protein, abs=1e-15)
    assert row["subsequences_scored"] == sum(rate is not None for rate in rates)


def test_counts_are_of_annotated_entries_after_the_exclusion(index: Index, subsequences: Path) -> None:
    found = hit_rate(index, subsequences)
    assert found.subsequences.select(["entries", "matching"]).to_pylist() == [
        {"entries": 3, "matching": 2},
        {"entries": 0, "matching": 0},
    ]


def test_against_true_scores_the_true_class(index: Index, subsequences: Path) -> None:
    found = hit_rate(index, subsequences, against="true", exclude="none")
    # Only B is cytoplasmic: 1/3 over A, B, C and Q; EDP's only entry, Q, is not.
    assert found.subsequences["hit_rate"].to_pylist() == pytest.approx([1 / 3 / 4, 0.0], abs=1e-15)


def test_both_gives_two_rows_an_input_row_predicted_first(index: Index, subsequences: Path) -> None:
    both = hit_rate(index, subsequences, against="both")
    assert both.subsequences["against"].to_pylist() == ["predicted", "true", "predicted", "true"]
    assert both.subsequences["class"].to_pylist() == ["Nucleus", "Cytoplasm", "Nucleus", "Cytoplasm"]
    assert both.proteins["against"].to_pylist() == ["predicted", "true"]
    for row, against in enumerate(("predicted", "true")):
        alone = hit_rate(index, subsequences, against=against)
        every_second = pa.array([row, row + 2])
        assert both.subsequences.take(every_second) == alone.subsequences
        assert both.proteins.slice(row, 1) == alone.proteins
        half = len(alone.summary)
        assert both.summary.slice(row * half, half) == alone.summary


def test_the_summary_has_the_rate_without_exclusion_beside_the_chosen_one(index: Index, subsequences: Path) -> None:
    found = hit_rate(index, subsequences)
    assert found.summary.select(["subset", "exclusion"]).to_pylist() == [
        {"subset": subset, "exclusion": exclusion}
        for subset in ("all", "correct", "wrong")
        for exclusion in ("self", "none")
    ]
    plain = hit_rate(index, subsequences, exclude="none").summary.to_pylist()
    assert [row for row in found.summary.to_pylist() if row["exclusion"] == "none"] == plain


def test_subsets_are_the_proteins_predicted_correctly_and_wrongly(build_index: Callable[..., Index]) -> None:
    index = build_index([("E", "MAAAK", ["Nucleus"]), ("F", "MCCCK", ["Plastid"])])
    rows = pa.table(
        {
            "query": ["right", "wrong", "unlabelled"],
            "start": [1, 1, 1],
            "end": [4, 4, 4],
            "subsequence": ["MAAA", "MCCC", "MAAA"],
            "predicted": ["Nucleus", "Nucleus", "Plastid"],
            "true": ["Nucleus", "Plastid", None],
        }
    )
    found = hit_rate(index, rows, exclude="none", against="both")
    assert summary_of(found, subset="all", against="predicted")["hit_rate"] == pytest.approx(1 / 3)
    assert summary_of(found, subset="correct", against="predicted")["hit_rate"] == 1.0
    assert summary_of(found, subset="wrong", against="predicted")["hit_rate"] == 0.0
    assert summary_of(found, subset="wrong", against="true")["hit_rate"] == 1.0
    everyone = summary_of(found, subset="all", against="true")
    assert (everyone["proteins"], everyone["proteins_scored"]) == (3, 2), "without a label there is no score"
    unlabelled = found.subsequences.to_pylist()[-1]
    assert (unlabelled["class"], unlabelled["matching"], unlabelled["hit_rate"]) == (None, None, None)
    assert unlabelled["entries"] == 1


def test_the_outputs_name_a_numbered_protein_by_its_fasta_identifier(index: Index, tmp_path: Path) -> None:
    released = tmp_path / "released.csv"
    released.write_text(
        "left,right,subsequence,predicted,true,classification,inputSequence\n2,7,KKRKV,Nucleus,Nucleus,True,1\n"
    )
    fasta = tmp_path / "proteins.fasta"
    fasta.write_text(">first\nMMM\n>Q Nucleus-U test\nMAKKRKVEDP\n")
    found = hit_rate(index, released, proteins=fasta)
    assert found.subsequences["query"].to_pylist() == found.proteins["query"].to_pylist() == ["Q"]
    assert found.subsequences["entries"].to_pylist() == [3], "its own entry is found by that identifier"
    sentences = tmp_path / "sentences.txt"
    sentences.write_text("MMM\nMAKKRKVEDP\n")
    numbered = hit_rate(index, released, proteins=sentences)
    assert numbered.subsequences["query"].to_pylist() == numbered.proteins["query"].to_pylist() == ["1"]
    assert numbered.subsequences["entries"].to_pylist() == [3], "and by its sequence"
    with pytest.raises(UsageError, match="--proteins"):
        hit_rate(index, released)
    assert hit_rate(index, released, exclude="none").subsequences["entries"].to_pylist() == [4]


def test_on_a_tie_both_sides_are_equally_near(build_index: Callable[..., Index]) -> None:
    index = build_index([("E", "MACAAACA", ["Nucleus"])])  # AC at 2 and 6
    rows = pa.table({"query": ["P"], "start": [4], "end": [5], "subsequence": ["AC"], "predicted": ["Nucleus"]})
    assert hit_rate(index, rows, exclude="none").subsequences["hit_rate"].to_pylist() == [0.5]


def test_no_true_class_at_all_is_a_usage_error(index: Index) -> None:
    rows = pa.table({"query": ["Q"], "start": [3], "end": [7], "subsequence": ["KKRKV"], "predicted": ["Nucleus"]})
    with pytest.raises(UsageError, match="true class"):
        hit_rate(index, rows, against="both")


@pytest.mark.parametrize("option", ["definition", "exclude", "against"])
def test_an_unknown_choice_names_the_known_ones(index: Index, subsequences: Path, option: str) -> None:
    with pytest.raises(UsageError, match=r"'new'.*choose one of"):
        hit_rate(index, subsequences, **{option: "new"})


residues = st.text(alphabet="AACLUX", min_size=1, max_size=30)
classes = st.frozensets(st.sampled_from(CLASSES[:3]), max_size=3)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Entry], list[tuple[str, str]], list[tuple[int, int, int, str, str]]]:
    """A data base, proteins, and (protein, start, end, predicted, true) for some of their stretches."""
    database = [
        Entry(f"E{number}", sequence, of)
        for number, (sequence, of) in enumerate(draw(st.lists(st.tuples(residues, classes), min_size=1, max_size=8)))
    ]
    repeated = draw(st.lists(st.sampled_from(database), max_size=3))
    database += [entry._replace(accession=f"D{number}") for number, entry in enumerate(repeated)]
    known = st.sampled_from(database)
    proteins = draw(
        st.lists(
            st.one_of(
                known.map(lambda entry: (entry.accession, entry.sequence)),
                known.map(lambda entry: ("other", entry.sequence)),
                residues.map(lambda sequence: ("new", sequence)),
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda protein: protein[0],
        )
    )
    rows = []
    for number, (_, sequence) in enumerate(proteins):
        labels = draw(st.tuples(*[st.sampled_from(CLASSES[:3])] * 2))
        for _ in range(draw(st.integers(1, 3))):
            start = draw(st.integers(1, len(sequence)))
            end = draw(st.integers(start, len(sequence)))
            rows.append((number, start, end, *labels))
    return database, proteins, rows


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(case=cases(), definition=st.sampled_from(["paper", "unweighted"]), shard=st.sampled_from([None, 40]))
def test_agrees_with_the_reference(
    build_index: Callable[..., Index],
    tmp_path_factory: pytest.TempPathFactory,
    case: tuple[list[Entry], list[tuple[str, str]], list[tuple[int, int, int, str, str]]],
    definition: str,
    shard: int | None,
) -> None:
    database, proteins, rows = case
    index = build_index(database, **({} if shard is None else {"shard_residues": shard}))
    fasta = tmp_path_factory.mktemp("case") / "proteins.fasta"
    fasta.write_text("".join(f">{name}\n{sequence}\n" for name, sequence in proteins))
    columns = ("query", "start", "end", "subsequence", "predicted", "true")
    table = pa.Table.from_pylist(
        [
            dict(
                zip(
                    columns,
                    (proteins[n][0], start, end, proteins[n][1][start - 1 : end], *labels),
                    strict=True,
                )
            )
            for n, start, end, *labels in rows
        ]
    )
    found = hit_rate(index, table, proteins=fasta, definition=definition, against="both", resamples=2)
    expected = []
    for n, start, end, *labels in rows:
        name, sequence = proteins[n]
        own = own_entries(name, sequence, database)
        expected += [score(sequence[start - 1 : end], start, of, database, own, definition) for of in labels]
    assert found.subsequences["entries"].to_pylist() == [scored.entries for scored in expected]
    assert found.subsequences["matching"].to_pylist() == [scored.matching for scored in expected]
    rates = [scored.hit_rate for scored in expected]
    assert found.subsequences["hit_rate"].to_pylist() == pytest.approx(rates, abs=1e-12)
    of_proteins = []
    for n in range(len(proteins)):
        own_rows = [2 * row for row, (number, *_) in enumerate(rows) if number == n]
        of_proteins.append((mean([rates[row] for row in own_rows]), mean([rates[row + 1] for row in own_rows])))
    assert found.proteins["hit_rate"].to_pylist() == pytest.approx([m for pair in of_proteins for m in pair], abs=1e-12)
    for label, against in enumerate(("predicted", "true")):
        whole = summary_of(found, subset="all", exclusion="self", against=against)
        assert whole["hit_rate"] == pytest.approx(mean([pair[label] for pair in of_proteins]), abs=1e-12)
        assert whole["hit_rate_subsequences"] == pytest.approx(mean(rates[label::2]), abs=1e-12)


@pytest.fixture(scope="module")
def deeploc(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("deeploc") / "index"
    build([real_data / "deeploc" / "deeploc2_train_validation.csv.gz"], folder)
    return Index.open(folder)


def test_agrees_with_the_reference_on_released_subsequences(deeploc: Index, real_data: Path) -> None:
    released = real_data / "released"
    sentences = released / "test_sentences.txt.gz"
    found = hit_rate(deeploc, released / "lstm_attention_subsequences.csv.gz", proteins=sentences)
    sequences = deeploc.read("entries", ["sequence"])["sequence"].to_pylist()
    masks = deeploc.class_masks.tolist()
    of_entry = [frozenset(name for bit, name in enumerate(CLASSES) if mask >> bit & 1) for mask in masks]
    all_at_once = "\n".join(sequences)
    sample = found.subsequences.to_pylist()[::20]
    assert len(sample) > 250
    own_sequence = dict(enumerate(_lines(sentences)))
    entry_starts = [0]
    for sequence in sequences:
        entry_starts.append(entry_starts[-1] + len(sequence) + 1)
    for row in sample:
        holding = _entries_holding(row["subsequence"], all_at_once, entry_starts)
        database = [Entry("", sequences[entry], of_entry[entry]) for entry in holding]
        own = own_entries(None, own_sequence[int(row["query"])], database)
        expected = score(row["subsequence"], row["start"], row["class"], database, own, "paper")
        assert (row["entries"], row["matching"]) == (expected.entries, expected.matching)
        assert row["hit_rate"] == pytest.approx(expected.hit_rate, abs=1e-12)


def _entries_holding(subsequence: str, text: str, entry_starts: list[int]) -> list[int]:
    return sorted({bisect_right(entry_starts, start - 1) - 1 for start in starts_of(subsequence, text)})


def _lines(path: Path) -> list[str]:
    return gzip.decompress(path.read_bytes()).decode().split()


def test_any_number_of_threads_gives_the_same_bits(deeploc: Index, real_data: Path) -> None:
    released = real_data / "released"
    arguments = (deeploc, released / "lstm_attention_subsequences.csv.gz")
    one, two, five = (
        hit_rate(*arguments, proteins=released / "test_sentences.txt.gz", against="both", threads=threads)
        for threads in (1, 2, 5)
    )
    assert one == two == five


def test_any_sharding_gives_the_same_rates(build_index: Callable[..., Index], subsequences: Path) -> None:
    whole = hit_rate(build_index(DATABASE), subsequences)
    parts = build_index(DATABASE, shard_residues=18)
    assert len(parts.shards) > 2
    assert hit_rate(parts, subsequences).subsequences == whole.subsequences
