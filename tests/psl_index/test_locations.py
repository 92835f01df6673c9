"""SUBCELLULAR LOCATION comments: what each layout turns into."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from psl_index.classes import vocabulary
from psl_index.errors import InputError
from psl_index.locations import parse_locations
from psl_index.schemas import LOCATIONS
from tests.psl_index.location_reference import join_lines, real_comments, reference_rows
from tests.time_limit import SECONDS, within

FILES = ("real_sprot.dat.gz", "trembl.dat.gz", "old_format_sprot.dat.gz")


def rows_of(*comments: str) -> list[dict[str, object]]:
    """Rows without what is null or empty; `entry` only where there are several comments."""
    batch = parse_locations(pa.array(comments, pa.string()), np.arange(len(comments), dtype=np.uint32))
    batch.validate(full=True)
    dropped = (None, []) if len(comments) > 1 else (None, [], 0)
    return [{name: value for name, value in row.items() if value not in dropped} for row in batch.to_pylist()]


def test_location_topology_orientation_and_evidence() -> None:
    assert rows_of(
        "Cell membrane {ECO:0000269|PubMed:1, ECO:0000269|PubMed:2, ECO:0000305|PubMed:3}; "
        "Lipid-anchor, GPI-anchor "
        "{ECO:0000250}; Extracellular side {ECO:0000255}. Nucleus."
    ) == [
        {
            "location": "Cell membrane",
            "topology": "Lipid-anchor, GPI-anchor",
            "orientation": "Extracellular side",
            "evidence": ["ECO:0000269", "ECO:0000305"],
            "class": "Cell.membrane",
        },
        {"location": "Nucleus", "class": "Nucleus"},
    ]


def test_several_blocks_keep_their_entries_and_their_own_notes() -> None:
    batch = parse_locations(
        pa.array(["[Isoform 1]: Nucleus. Note=In mitosis.", "[Isoform 2]: Cytoplasm.", "Secreted."]),
        np.array([7, 7, 9], np.uint32),
    )
    assert batch.schema.equals(LOCATIONS)
    rows = batch.select(["entry", "molecule", "location", "note"]).to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        (7, "Isoform 1", "Nucleus", "In mitosis"),
        (7, "Isoform 2", "Cytoplasm", None),
        (9, None, "Secreted", None),
    ]


def test_evidence_that_wraps_at_a_hyphen() -> None:
    comment = join_lines(
        [
            "Cytoplasm {ECO:0000255|HAMAP-",
            "Rule:MF_00009, ECO:0000269|Ref.4; x. y}. Golgi apparatus, trans-",
            "Golgi network {ECO:0000269|PubMed:1,",
            "ECO:0000250|UniProtKB:P1}.",
        ]
    )
    assert rows_of(comment) == [
        {"location": "Cytoplasm", "evidence": ["ECO:0000255", "ECO:0000269"], "class": "Cytoplasm"},
        {
            "location": "Golgi apparatus, trans-Golgi network",
            "evidence": ["ECO:0000269", "ECO:0000250"],
            "class": "Golgi.apparatus",
        },
    ]


@pytest.mark.parametrize("flag", ["By similarity", "Probable", "Potential"])
def test_flags_in_any_letter_case(flag: str) -> None:
    expected = [{"location": "Nucleus", "flag": flag, "class": "Nucleus"}]
    assert rows_of(f"Nucleus ({flag}).") == expected
    upper = [{"location": "NUCLEUS", "flag": flag, "class": "Nucleus"}]
    assert rows_of(f"NUCLEUS ({flag.upper()}).") == upper
    with_evidence = [{**expected[0], "evidence": ["ECO:0000250"]}]
    assert rows_of(f"Nucleus ({flag}) {{ECO:0000250}}.") == with_evidence
    assert rows_of(f"Nucleus {{ECO:0000250}} ({flag}).") == with_evidence


def test_flag_is_that_of_the_location_and_else_of_its_topology() -> None:
    assert rows_of(
        "Membrane; Multi-pass membrane protein (Potential). Nucleus (By similarity); Lipid-anchor (Potential)."
    ) == [
        {"location": "Membrane", "topology": "Multi-pass membrane protein", "flag": "Potential"},
        {"location": "Nucleus", "topology": "Lipid-anchor", "flag": "By similarity", "class": "Nucleus"},
    ]


def test_words_in_parentheses_that_are_no_flag_stay() -> None:
    assert rows_of("Nucleus (Potential) and Golgi. Cytoplasm (minor). (Potential).") == [
        {"location": "Nucleus (Potential) and Golgi"},
        {"location": "Cytoplasm (minor)"},
        {"location": "(Potential)"},
    ]


@pytest.mark.parametrize(
    ("prefix", "molecule"),
    [
        ("[Isoform 2]: ", "Isoform 2"),
        ("[Isoform Bcl-X(L)]: ", "Isoform Bcl-X(L)"),
        ("[Cyclin-dependent kinase 5 activator 1, p25]: ", "Cyclin-dependent kinase 5 activator 1, p25"),
        (
            "[Pyruvate dehydrogenase [acetyl-transferring] kinase]: ",
            "Pyruvate dehydrogenase [acetyl-transferring] kinase",
        ),
        ("[Oxidase [NAD(+)]]: ", "Oxidase [NAD(+)]"),
        ("[A. b; c]: ", "A. b; c"),
        ("Isoform 1: ", "Isoform 1"),
        ("Isoform Gamma-2.1: ", "Isoform Gamma-2.1"),
        ("ISOFORM 1: ", "ISOFORM 1"),
        ("Surface protein gp120: ", "Surface protein gp120"),
        ("Gamma-CTF(59): ", "Gamma-CTF(59)"),
    ],
)
def test_molecules(prefix: str, molecule: str) -> None:
    assert rows_of(f"{prefix}Nucleus. Cytoplasm.") == [
        {"molecule": molecule, "location": "Nucleus", "class": "Nucleus"},
        {"molecule": molecule, "location": "Cytoplasm", "class": "Cytoplasm"},
    ]


def test_a_molecule_holds_until_the_next_one() -> None:
    rows = rows_of("Isoform 1: Nucleus. Isoform 2: Cytoplasm. Secreted. [Chain A]: Membrane.")
    assert [(row["molecule"], row["location"]) for row in rows] == [
        ("Isoform 1", "Nucleus"),
        ("Isoform 2", "Cytoplasm"),
        ("Isoform 2", "Secreted"),
        ("Chain A", "Membrane"),
    ]


@pytest.mark.parametrize("location", ["Lateral cell membrane", "Azurophil granule", "Zymogen granule"])
def test_a_chain_is_named_before_a_capital_and_a_small_letter(location: str) -> None:
    rows = rows_of(f"Gamma: {location}.")
    assert [(row["molecule"], row["location"]) for row in rows] == [("Gamma", location)]
    for comment in (f"Golgi. Gamma: {location}.", f"Nucleus. Gamma: {location}."):  # only the first is named like that
        assert rows_of(comment)[1] == {"location": f"Gamma: {location}"}


def test_a_name_does_not_reach_into_the_next_comment() -> None:
    for begin, rest in (
        ("Gamma: N", "ucleus."),
        ("Not", "e=golgi."),
        ("Golgi {EC", "O:1}."),
        ("Isoform 1:", " golgi."),
    ):
        assert rows_of(begin, rest)[0]["location"] == begin


@pytest.mark.parametrize(
    "statement",
    [
        "[Isoform 2] is nuclear",
        "NUCLEAR: IN MITOSIS",
        "Nuclear: mostly",
        "Isoform 2 is nuclear",
        "Isoform : golgi",
        "Gamma:\tNucleus",
        "Gamma: N",
    ],
)
def test_what_looks_like_a_molecule_and_is_none(statement: str) -> None:
    assert rows_of(f"{statement}. Nucleus.") == [
        {"location": statement},
        {"location": "Nucleus", "class": "Nucleus"},
    ]


def near_misses(word: str) -> list[str]:
    """A word with one letter replaced by its neighbour in the alphabet."""
    return [
        word[:place] + chr(ord(word[place]) + step) + word[place + 1 :]
        for place in range(len(word))
        for step in (-1, 1)
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "Isoform : golgi",
        *(f"{word}2: golgi" for word in near_misses("Isoform ")),
        *(f"{word}golgi" for word in near_misses("Note=")),
        *(f"Golgi {word}1}}" for word in near_misses("{ECO:")),
    ],
)
def test_what_is_nearly_a_word_of_the_grammar_is_text(statement: str) -> None:
    assert rows_of(f"Nucleus. {statement}. Membrane.") == [
        {"location": "Nucleus", "class": "Nucleus"},
        {"location": statement},
        {"location": "Membrane"},
    ]


def test_the_beginning_of_a_word_of_the_vocabulary_is_not_that_word() -> None:
    assert rows_of("Membrane; Lipid; Cytoplasmic; Lipid-anchors.") == [
        {"location": "Membrane; Lipid; Cytoplasmic; Lipid-anchors"}
    ]


@pytest.mark.parametrize(
    ("note", "text"),
    [
        ("Seen in S.cerevisiae. Not in 1.5 mM Ca(2+).", "Seen in S.cerevisiae. Not in 1.5 mM Ca(2+)"),
        ("First (PubMed:1). Then. {ECO:0000269|PubMed:1, ECO:0000250}.", "First (PubMed:1). Then"),
        ("Without stop {ECO:0000250}.", "Without stop"),
        ("Keeps (By similarity).", "Keeps (By similarity)"),
        ("Keeps {ECO:0000250} what is inside. {ECO:0000269}.", "Keeps {ECO:0000250} what is inside"),
        ("[x]: y; Note=z", "[x]: y; Note=z"),
        ("Keeps {ECO:0000250} what is inside}.", "Keeps {ECO:0000250} what is inside}"),
        ("{ECO:0000250}.", "{ECO:0000250}"),
    ],
)
def test_note_stands_in_every_row_without_its_evidence(note: str, text: str) -> None:
    assert rows_of(f"Nucleus. Membrane. Note={note}") == [
        {"location": "Nucleus", "note": text, "class": "Nucleus"},
        {"location": "Membrane", "note": text},
    ]


def test_blocks_without_a_location() -> None:
    assert rows_of("Note=Unknown.") == [{"note": "Unknown"}]
    assert rows_of("[Isoform 2]: Note=Unknown.") == [{"molecule": "Isoform 2", "note": "Unknown"}]
    assert rows_of("[Isoform 2]:") == [{"molecule": "Isoform 2"}]
    assert rows_of("Nucleus. [B]:") == [{"location": "Nucleus", "class": "Nucleus"}, {"molecule": "B"}]
    assert rows_of("", ".", " ; . ", "Note=.") == []


@pytest.mark.parametrize(
    "statement",
    [
        "Nuclear, e.g. in liver",
        "Found in C. elegans neurons",
        "In Bacillus sp. spores",
        "About 1.5 per cell",
        "Nuclear (see ref. 5. Not in all cells; PubMed:1)",
        "Binds S.aureus",
        "Nucleus (sp. golgi",
    ],
)
def test_full_stops_that_end_no_statement(statement: str) -> None:
    assert rows_of(f"{statement}. Nucleus.") == [
        {"location": statement},
        {"location": "Nucleus", "class": "Nucleus"},
    ]


@pytest.mark.parametrize("statement", ["Nucleus ", "Nucleus }", "Seen\tsp", "Nucleus\t", "Seen asp"])
def test_full_stops_that_end_a_statement(statement: str) -> None:
    assert [row["location"] for row in rows_of(f"{statement}. golgi.")] == [statement.rstrip(" "), "golgi"]


def test_a_full_stop_behind_evidence_ends_a_statement() -> None:
    rows = rows_of("Nucleus {ECO:1, }. golgi {ECO:2, }. cytosol.")
    assert [row["location"] for row in rows] == ["Nucleus", "golgi", "cytosol"]


def test_a_single_letter_may_end_a_statement() -> None:
    assert [row["location"] for row in rows_of("Complex I. Nucleus. Band Z.")] == [
        "Complex I",
        "Nucleus",
        "Band Z",
    ]


def test_free_text_keeps_its_text_and_has_a_class_only_where_a_whole_statement_is_a_term() -> None:
    assert rows_of("NUCLEAR. SHUTTLES BETWEEN THE NUCLEUS AND THE CYTOPLASM.") == [
        {"location": "NUCLEAR", "class": "Nucleus"},
        {"location": "SHUTTLES BETWEEN THE NUCLEUS AND THE CYTOPLASM"},
    ]
    assert rows_of("Cytoplasmic and nuclear.") == [{"location": "Cytoplasmic and nuclear"}]
    assert rows_of("TYPE I MEMBRANE PROTEIN (POTENTIAL).") == [
        {"location": "TYPE I MEMBRANE PROTEIN", "flag": "Potential"}
    ]


def test_paths_of_2007() -> None:
    assert rows_of("Golgi apparatus; Golgi membrane (Probable); single-pass type IV membrane protein (Potential).") == [
        {
            "location": "Golgi apparatus; Golgi membrane",
            "topology": "single-pass type IV membrane protein",
            "flag": "Probable",
            "class": "Golgi.apparatus",
        }
    ]


def test_topology_and_orientation_come_in_either_order() -> None:
    for parts in ("Lipid-anchor; Matrix side", "Matrix side; Lipid-anchor"):
        assert rows_of(f"Membrane; {parts}.") == [
            {"location": "Membrane", "topology": "Lipid-anchor", "orientation": "Matrix side"}
        ]


def test_a_second_topology_belongs_to_the_part_before() -> None:
    assert rows_of("Membrane; Lipid-anchor (Probable); Matrix side (Potential); Lipid-anchor.") == [
        {
            "location": "Membrane",
            "topology": "Lipid-anchor",
            "orientation": "Matrix side (Potential); Lipid-anchor",
            "flag": "Probable",
        }
    ]


def test_what_the_vocabulary_does_not_know_stays_with_the_part_before() -> None:
    assert rows_of(
        "Membrane {ECO:1}; novel step {ECO:2}; Lipid-anchor {ECO:3}; bent {ECO:4}; Lipid-anchor; Matrix side; far."
    ) == [
        {
            "location": "Membrane; novel step",
            "topology": "Lipid-anchor; bent; Lipid-anchor",
            "orientation": "Matrix side; far",
            "evidence": ["ECO:1", "ECO:2"],
        }
    ]


@pytest.mark.parametrize(
    ("comment", "locations"),
    [
        ("Nucleus (a. Golgi. Cytoplasm.", ["Nucleus (a", "Golgi", "Cytoplasm"]),
        ("Nucleus {ECO:0000250. Golgi.", ["Nucleus {ECO:0000250", "Golgi"]),
        ("[Isoform 2. Golgi.", ["[Isoform 2", "Golgi"]),
        ("Nucleus) x. Golgi}.", ["Nucleus) x", "Golgi}"]),
        ("{ECO:0000250}. {ECO:0000250} Golgi.", [None, "Golgi"]),
        ("Zellkern für µ. Golgi", ["Zellkern für µ", "Golgi"]),
    ],
)
def test_malformed_text_is_kept(comment: str, locations: list[str | None]) -> None:
    assert [row.get("location") for row in rows_of(comment)] == locations


@pytest.mark.parametrize(
    "hostile",
    [
        "(",
        "{ECO:",
        "[",
        "a b. ",
        "a;",
        "(By similarity)",
        "{ECO:1}",
        "{ECO:1, ",
        "e.g. ",
        "[a]: ",
        "a: ",
        " ",
    ],
)
def test_a_line_of_a_megabyte_does_not_hang(hostile: str) -> None:
    """It takes some milliseconds; what looked back to the beginning from every letter would take minutes."""
    comment = pa.array(["Nucleus. " + hostile * (1_000_000 // len(hostile)) + "z"])
    batch = within(SECONDS, lambda: parse_locations(comment, np.zeros(1, np.uint32)))
    assert batch["location"][0].as_py() == "Nucleus"


def test_a_column_that_outgrows_its_offsets_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note stands in each row of its comment; the bytes of a column are counted before it is filled."""
    for most, comment in ((20, "Golgi. Nucleus. Note=A234567890."), (12, "Golgi. Nucleus."), (12, "A; Lipid-anchor.")):
        monkeypatch.setattr("psl_index.locations._MOST_BYTES", most)
        assert rows_of(comment)
        monkeypatch.setattr("psl_index.locations._MOST_BYTES", most - 1)
        with pytest.raises(InputError, match=f"take {most} bytes of text"):
            rows_of(comment)


def test_sliced_and_empty_arrays() -> None:
    comments = pa.array(["Secreted.", "Nucleus.", "Cytoplasm."])
    batch = parse_locations(comments[1:2], np.array([5], np.uint32))
    assert batch["location"].to_pylist() == ["Nucleus"]
    assert batch["entry"].to_pylist() == [5]
    for empty in (comments[:0], comments[3:], pa.array([], pa.string())):
        nothing = parse_locations(empty, np.zeros(0, np.uint32))
        assert nothing.num_rows == 0
        assert nothing.schema.equals(LOCATIONS)
    assert parse_locations(pa.array([""], pa.string()), np.zeros(1, np.uint32)).num_rows == 0


@pytest.mark.parametrize("name", FILES)
def test_every_real_comment_parses_as_the_reference_does(name: str, real_data: Path) -> None:
    comments = [text for _, text in real_comments(real_data / "sprot" / name)]
    assert len(comments) > 45
    batch = parse_locations(pa.array(comments), np.arange(len(comments), dtype=np.uint32))
    batch.validate(full=True)
    expected = [{"entry": entry} | row for entry, text in enumerate(comments) for row in reference_rows(text)]
    assert batch.to_pylist() == expected


def test_modern_comments_hold_only_what_the_vocabulary_knows(real_data: Path) -> None:
    """Nothing is left over but terms, topologies and orientations."""
    known: dict[str, set[str | None]] = {row.kind: {None} for row in vocabulary()}
    for row in vocabulary():
        known[row.kind] |= {row.text, row.name}
    comments = [text for _, text in real_comments(real_data / "sprot" / "real_sprot.dat.gz") if "{ECO:" in text]
    rows = parse_locations(pa.array(comments), np.arange(len(comments), dtype=np.uint32)).to_pylist()
    stray = {row["location"] for row in rows} - known["location"]
    assert len(comments) > 700
    assert all(location.startswith("Cell junction, synapse") for location in stray)  # a path until 2021
    assert {row["topology"] for row in rows} <= known["topology"]
    assert {row["orientation"] for row in rows} <= known["orientation"]
