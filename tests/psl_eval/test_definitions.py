"""Definitions of the hit rate and sets of classes, against the plain-Python reference."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval import HitRates, hit_rate
from psl_eval.scoring.annotation import _WORD_LIST
from psl_index import Index, build
from psl_index.classes import CLASSES
from psl_index.errors import UsageError
from tests.flatfiles import entry as flat_entry
from tests.psl_eval.reference import Entry, jaccard, mean, released, score

ROW = {"query": ["P"], "start": [1], "end": [3], "subsequence": ["MKK"], "predicted": ["Nucleus"]}


def rows_of(*rows: tuple[str, int, str, str], **more: list[str]) -> pa.Table:
    """Subsequences from (query, start, subsequence, predicted)."""
    query, start, subsequence, predicted = zip(*rows, strict=True)
    end = [first + len(residues) - 1 for first, residues in zip(start, subsequence, strict=True)]
    return pa.table(
        {"query": query, "start": start, "end": end, "subsequence": subsequence, "predicted": predicted} | more
    )


class TestReleased:
    """sum(w m) / sum(w), one match an entry and protein, as the study's code computes it."""

    def test_worked_by_hand(self, build_index: Callable[..., Index]) -> None:
        index = build_index(
            [
                ("A", "MGKKRKVEE", ["Nucleus"]),  # KKRKV at 3; left is 2, so w = (5 - 1) / (3 - 2), cut to 1
                ("B", "MSTAAGGGGKKRKVEDP", ["Nucleus"]),  # at 10: w = 4 / 8; EDP later, but B is credited already
                ("C", "MKKRKVA", ["Extracellular"]),  # at 2, which is left: w = 1, m = 0
                ("D", "MAKKRKVEE", []),  # without a location: passed over
                ("E", "AAAAAAAAAAAEDP", ["Nucleus"]),  # EDP at 12; left is 7: w = 2 / 5
            ]
        )
        rows = rows_of(("P", 3, "KKRKV", "Nucleus"), ("P", 8, "EDP", "Nucleus"), ("Q", 1, "WWW", "Nucleus"))
        found = hit_rate(index, rows, definition="released", exclude="none")
        assert found.subsequences["entries"].to_pylist() == [3, 1, 0]
        assert found.subsequences["matching"].to_pylist() == [2, 1, 0]
        assert found.subsequences["hit_rate"].to_pylist() == [pytest.approx(1.5 / 2.5), 1.0, None]
        # Q finds nothing: 0, and it enters the mean.
        assert found.proteins["hit_rate"].to_pylist() == [pytest.approx(1.9 / 2.9), 0.0]
        (whole,) = [row for row in found.summary.to_pylist() if row["subset"] == "all"]
        assert (whole["proteins_scored"], whole["hit_rate"]) == (2, pytest.approx(1.9 / 2.9 / 2))
        assert whole["hit_rate_jaccard"] is None

    def test_of_a_peptide_listed_twice_the_last_place_holds(self, build_index: Callable[..., Index]) -> None:
        index = build_index([("A", "GGGGMKKW", ["Nucleus"]), ("B", "MKKW", ["Plastid"])])
        rows = rows_of(("P", 30, "MKK", "Nucleus"), ("P", 6, "MKK", "Nucleus"))
        found = hit_rate(index, rows, definition="released", exclude="none")
        # Of left = 5: A at 5 has w = 1, B at 1 has w = 2 / 4.
        assert found.proteins["hit_rate"].to_pylist() == [pytest.approx(1 / 1.5)]
        assert found.subsequences["entries"].to_pylist() == [2, 0]

    def test_rows_of_a_protein_need_not_stand_together(self, build_index: Callable[..., Index]) -> None:
        index = build_index([("A", "MKKWED", ["Nucleus"]), ("B", "AAAED", ["Plastid"])])
        rows = [("P", 1, "MKK", "Nucleus"), ("Q", 1, "MKK", "Plastid"), ("P", 5, "ED", "Nucleus")]
        mixed = hit_rate(index, rows_of(*rows), definition="released", exclude="none")
        assert mixed.subsequences["query"].to_pylist() == ["P", "Q", "P"]
        assert mixed.subsequences["entries"].to_pylist() == [1, 1, 1]

    def test_the_class_is_that_of_the_first_locations_text(self, tmp_path: Path) -> None:
        texts = {
            "Secreted": "Extracellular",
            "Apical cell membrane": "Cell.membrane",
            "Nucleus, nucleolus": "Nucleus",
            "Sarcoplasmic reticulum": "Endoplasmic.reticulum",
            "Golgi apparatus, trans-Golgi network": "Golgi.apparatus",
            "Contractile vacuole": "Lysosome/Vacuole",  # "vacuole" is on the list, "Vacuole" is not
        }
        source = tmp_path / "source.dat"
        source.write_text(
            "".join(
                flat_entry(
                    f"CC   -!- SUBCELLULAR LOCATION: {text}. Mitochondrion.",
                    accession=f"P0000{number}",
                    sequence="MKKW",
                )
                for number, text in enumerate(texts)
            )
        )
        build([source], tmp_path / "index")
        with Index.open(tmp_path / "index") as index:
            rows = pa.table({name: [value[0]] for name, value in ROW.items()})
            found = hit_rate(index, rows, definition="released", exclude="none", against="all").subsequences
            matching = dict(zip(found["class"].to_pylist(), found["matching"].to_pylist(), strict=True))
            # Six entries of six classes; that all are in mitochondria, too, is not in their first location.
            assert matching == {name: int(name in texts.values()) for name in CLASSES}
            by_all_locations = hit_rate(index, rows, exclude="none", against="all").subsequences
            assert by_all_locations["matching"].to_pylist()[CLASSES.index("Mitochondrion")] == 6

    def test_entries_without_location_cannot_count(self, build_index: Callable[..., Index]) -> None:
        with pytest.raises(UsageError, match=r"released.*without a location; choose another definition"):
            hit_rate(build_index([("A", "MKKW", [])]), pa.table(ROW), definition="released", denominator="all")


residues = st.text(alphabet="AACLU", min_size=2, max_size=25)
some_classes = st.frozensets(st.sampled_from(CLASSES[:4]), max_size=3)
databases = st.lists(st.tuples(residues, some_classes), min_size=1, max_size=8).map(
    lambda rows: [Entry(f"E{number}", *row) for number, row in enumerate(rows)]
)


@st.composite
def stretches(draw: st.DrawFn) -> list[tuple[str, int, str]]:
    """(protein, start, subsequence) of some proteins, rows in any order."""
    rows = []
    for number, sequence in enumerate(draw(st.lists(residues, min_size=1, max_size=3))):
        for _ in range(draw(st.integers(1, 4))):
            start = draw(st.integers(1, len(sequence)))
            rows.append((f"P{number}", start, sequence[start - 1 : draw(st.integers(start, len(sequence)))]))
    return draw(st.permutations(rows))


quick = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(database=databases, rows=stretches(), psl_class=st.sampled_from(CLASSES[:4]), shard=st.sampled_from([None, 30]))
def test_released_agrees_with_the_reference(
    build_index: Callable[..., Index],
    database: list[Entry],
    rows: list[tuple[str, int, str]],
    psl_class: str,
    shard: int | None,
) -> None:
    index = build_index(database, **({} if shard is None else {"shard_residues": shard}))
    found = hit_rate(
        index, rows_of(*((*row, psl_class) for row in rows)), definition="released", exclude="none", resamples=2
    )
    # The source writes classes in DeepLoc's spelling, the first of several by the alphabet of their set.
    first = {row["entry"]: row["location"] for row in reversed(index.locations.to_pylist())}
    named = [any(word in first.get(number, "") for word in _WORD_LIST[psl_class]) for number in range(len(database))]
    for query in dict.fromkeys(row[0] for row in rows):
        places = [number for number, row in enumerate(rows) if row[0] == query]
        scored, rate = released([(rows[p][2], rows[p][1]) for p in places], database, set(), named)
        lines = [found.subsequences.slice(p, 1).to_pylist()[0] for p in places]
        for line, expected in zip(lines, scored, strict=True):
            assert (line["entries"], line["matching"]) == (expected.entries, expected.matching)
            assert line["hit_rate"] == pytest.approx(expected.hit_rate, abs=1e-12)
        (of_protein,) = [row for row in found.proteins.to_pylist() if row["query"] == query]
        assert of_protein["hit_rate"] == pytest.approx(rate, abs=1e-12)


@quick
@given(database=databases, rows=stretches(), labels=some_classes.filter(len), near=st.booleans())
def test_several_classes_match_where_one_does_and_by_jaccard(
    build_index: Callable[..., Index],
    database: list[Entry],
    rows: list[tuple[str, int, str]],
    labels: frozenset[str],
    near: bool,
) -> None:
    definition = "paper" if near else "unweighted"
    table = rows_of(*((*row, "|".join(sorted(labels))) for row in rows))
    found = hit_rate(build_index(database), table, definition=definition, exclude="none", resamples=2)
    # An entry that has one of the classes is one that has the class "any of them".
    merged = [
        entry._replace(classes=entry.classes | ({"any"} if entry.classes & labels else set())) for entry in database
    ]
    expected = [score(subsequence, start, "any", merged, set(), definition) for _, start, subsequence in rows]
    assert found.subsequences["matching"].to_pylist() == [scored.matching for scored in expected]
    rates = [scored.hit_rate for scored in expected]
    assert found.subsequences["hit_rate"].to_pylist() == pytest.approx(rates, abs=1e-12)
    by_jaccard = [jaccard(subsequence, start, labels, database, near) for _, start, subsequence in rows]
    assert found.subsequences["hit_rate_jaccard"].to_pylist() == pytest.approx(by_jaccard, abs=1e-12)
    of_first = [rate for rate, row in zip(by_jaccard, rows, strict=True) if row[0] == rows[0][0]]
    assert found.proteins["hit_rate_jaccard"].to_pylist()[0] == pytest.approx(mean(of_first), abs=1e-12)


def test_against_all_gives_each_class_its_rows_in_one_pass(build_index: Callable[..., Index]) -> None:
    index = build_index([("A", "MKKW", ["Nucleus", "Plastid"]), ("B", "GMKK", ["Plastid"])])
    rows = rows_of(("P", 1, "MKK", "Nucleus"), ("Q", 2, "KK", "Plastid"))
    found = hit_rate(index, rows, exclude="none", against="all")
    assert found.subsequences["class"].to_pylist() == found.subsequences["against"].to_pylist() == [*CLASSES] * 2
    rates = dict(zip(CLASSES, found.subsequences["hit_rate"].to_pylist(), strict=False))
    assert {name: rate for name, rate in rates.items() if rate} == {"Nucleus": 0.5, "Plastid": 1.0}
    for name in ("Nucleus", "Plastid"):
        alone = hit_rate(index, rows_of(("P", 1, "MKK", name), ("Q", 2, "KK", name)), exclude="none")
        assert _rates_against(found, name) == alone.proteins["hit_rate"].to_pylist()


def _rates_against(found: HitRates, name: str) -> list[float | None]:
    return [row["hit_rate"] for row in found.proteins.to_pylist() if row["against"] == name]


def test_the_denominator_of_the_equation_counts_entries_without_location(build_index: Callable[..., Index]) -> None:
    index = build_index([("A", "MKKW", ["Nucleus"]), ("B", "MKKR", []), ("C", "AMKK", ["Plastid"])])
    found = hit_rate(index, pa.table(ROW), exclude="none", denominator="all").subsequences
    assert found.select(["entries", "matching", "hit_rate"]).to_pylist() == [
        {"entries": 3, "matching": 1, "hit_rate": 1 / 3}
    ]
    only_unknown = rows_of(("P", 2, "KKR", "Nucleus"))
    assert hit_rate(index, only_unknown, exclude="none").subsequences["hit_rate"].to_pylist() == [None]
    assert hit_rate(index, only_unknown, exclude="none", denominator="all").subsequences["hit_rate"].to_pylist() == [0]
