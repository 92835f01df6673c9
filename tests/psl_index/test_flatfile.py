"""Flat files of every era: what lines turn into, and however the file is cut."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from psl_index.errors import InputError
from psl_index.flatfile import read_flatfile
from psl_index.schemas import FEATURE_TYPES
from psl_index.skipped import Skipped
from tests.flatfiles import BEFORE_2019, LAST_CENTURY, SEQUENCE, TODAY, Text, entry, read, summary_line


def the_entry(text: str | bytes) -> dict[str, Any]:
    (row,) = read(text).entries.to_pylist()
    return row  # type: ignore[no-any-return]


def features_of(text: str) -> list[tuple[Any, ...]]:
    rows = read(text).features.to_pylist()
    return [(row["type"], row["start"], row["end"], row["qualifier"]) for row in rows]


def locations_of(text: str | bytes) -> list[tuple[Any, ...]]:
    return [
        (row["molecule"], row["location"], row["evidence"], row["note"]) for row in read(text).locations.to_pylist()
    ]


# Layouts


def test_an_entry_of_today() -> None:
    assert the_entry(TODAY) == {
        "entry": 0,
        "accession": "P12345",
        "entry_name": "TEST_P12345",
        "secondary_accessions": ["Q99999", "A0A999Z9Z9"],
        "protein_name": "Made-up protein (version 2)",
        "gene_name": "mup-1",
        "organism": "Drosophila melanogaster (strain ATCC 1 / DSM 2) (Fruit fly)",
        "taxon_id": 7227,
        "lineage": ["Eukaryota", "Metazoa", "Ecdysozoa", "Drosophilidae", "Drosophila"],
        "reviewed": True,
        "fragment": True,
        "protein_existence": 3,
        "sequence_version": 3,
        "entry_version": 40,
        "length": 65,
        "sequence": SEQUENCE,
        "crc64": summary_line(SEQUENCE).split()[-2],
    }
    assert features_of(TODAY) == [
        ("SIGNAL", 1, 20, None),
        ("CHAIN", 21, 64, "Made-up protein, a chain with a long-winded note"),
        ("LIPID", None, None, "S-palmitoyl cysteine"),  # its position is one of isoform 2
        ("MOTIF", 62, 62, "One residue"),
        ("TRANSIT", None, 30, None),
    ]
    assert locations_of(TODAY) == [
        (None, "Nucleus", ["ECO:0000255"], None),
        (None, "Cytoplasm", [], None),
        ("Isoform 2", "Secreted", [], "In a well-known way"),
    ]


def test_an_entry_before_2019() -> None:
    row = the_entry(BEFORE_2019)
    assert row["protein_name"] == "Submitted name"
    assert row["gene_name"] == "YAL001C"
    assert (row["sequence_version"], row["entry_version"]) == (1, 14)
    assert row["fragment"] is False
    assert features_of(BEFORE_2019) == [
        ("SIGNAL", 1, 20, "Potential"),
        ("CHAIN", 21, 700, "Long name of a protein (By similarity)"),
        ("PROPEP", None, 40, None),
        ("TRANSMEM", 41, 61, "Helical; Name=1"),
    ]


def test_an_entry_of_the_last_century() -> None:
    row = the_entry(LAST_CENTURY)
    assert row["entry_name"] == "TEST_P12345"
    assert row["secondary_accessions"] == ["Q15086"]
    assert row["protein_name"] == "(S)-2-HYDROXY-ACID OXIDASE, PEROXISOMAL"
    assert row["gene_name"] == "ABC1"
    assert row["organism"] == "Homo sapiens (Human), Mus musculus (Mouse), and Rattus norvegicus (Rat)"
    assert row["reviewed"] is True
    assert row["fragment"] is True
    unknown = ("taxon_id", "protein_existence", "sequence_version", "entry_version")
    assert [row[name] for name in unknown] == [None] * 4
    assert features_of(LAST_CENTURY) == [("TRANSMEM", 363, 390, "1 (POTENTIAL)")]
    assert locations_of(LAST_CENTURY) == [(None, "NUCLEAR", [], None)]


@pytest.mark.parametrize(
    ("identity", "name", "reviewed"),
    [
        ("TEST_HUMAN              Reviewed;          65 AA.", "TEST_HUMAN", True),
        ("A0A021WW32_DROME        Unreviewed;        65 AA.", "A0A021WW32_DROME", False),
        ("TEST_HUMAN     STANDARD;      PRT;    65 AA.", "TEST_HUMAN", True),
        ("P82909      PRELIMINARY;      PRT;    65 AA.", "P82909", False),
        ("IPI00000001.2         IPI;      PRT;    65 AA.", "IPI00000001.2", None),
    ],
)
def test_identity(identity: str, name: str, reviewed: bool | None) -> None:
    row = the_entry(re.sub("^ID   .*", f"ID   {identity}", entry()))
    assert (row["entry_name"], row["reviewed"], row["length"]) == (name, reviewed, 65)


@pytest.mark.parametrize(
    ("lines", "name", "fragment"),
    [
        (["RecName: Full=Name;"], "Name", False),
        (["RecName: Full=Name, with a comma;", "         Short=N;"], "Name, with a comma", False),
        (["SubName: Full=Name {ECO:0000313|EMBL:XYZ00001.1};"], "Name", False),
        (["SubName: Full=Name {ECO:0000313|EMBL:1,", "ECO:0000313|EMBL:2};"], "Name", False),
        (["RecName: Full=Name;", "Flags: Fragments;"], "Name", True),
        (["RecName: Full=Fragment of a name;", "Flags: Precursor;"], "Fragment of a name", False),
        (["RecName: Full=Name {with braces};"], "Name {with braces}", False),
        (["RecName: Short=N;"], None, False),
        (["Claudin-1 (Senescence-associated protein)."], "Claudin-1", False),
        (["Histone H2B.2."], "Histone H2B.2", False),
        (["mRNA (N(7)-)-methyltransferase (EC 2.1.1.56)."], "mRNA (N(7)-)-methyltransferase", False),
        (["Glycogen [starch] synthase (EC 2.4.1.11)."], "Glycogen [starch] synthase", False),
        (["Polyprotein (P1) [Contains: Capsid (Coat); Helicase] (Fragment)."], "Polyprotein", True),
        (["110 KD ANTIGEN (PK110) (FRAGMENTS)."], "110 KD ANTIGEN", True),
        (["Unbalanced) bracket (EC 1)."], "Unbalanced) bracket", False),
        (["(Everything in brackets)."], "(Everything in brackets)", False),
        (["VAMP-", "associated protein (VAP", "homolog 1)."], "VAMP-associated protein", False),
        ([], None, False),
    ],
)  # fmt: skip
def test_protein_name(lines: list[str], name: str | None, fragment: bool) -> None:
    row = the_entry(entry(*(f"DE   {line}" for line in lines)))
    assert (row["protein_name"], row["fragment"]) == (name, fragment)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        (["Name=TP53; Synonyms=P53;"], "TP53"),
        (["Name=znfx-1 {ECO:0000303|PubMed:29775580,", "ECO:0000312|WormBase:1};"], "znfx-1"),
        (["Name=Made1=UP4 {ECO:0000313|EMBL:XYZ00002.1};"], "Made1=UP4"),
        (["OrderedLocusNames=YXX020C/YXX021C, B;", "ORFNames=J9305/J9286;"], "YXX020C/YXX021C"),
        (["ORFNames=MadeDRAFT_9999;"], "MadeDRAFT_9999"),
        (["Name=PIP2;8; Synonyms=PIP;"], "PIP2;8"),
        (["ORFNames=A,b, C;"], "A,b"),
        (["ORFNames=A {ECO:1}, B;", "and", "Name=C;"], "A"),
        (["Synonyms=A, B; Name=C;"], "C"),
        (["Name=ABC1; Synonyms=ABD1;", "and", "Name=ABC2;"], "ABC1"),
        (["BMH1 OR BMH."], "BMH1"),
        (["(ABC1 OR ABD1) AND (ABC2 OR ABD2)."], "ABC1"),
        (["A AND B."], "A"),
        (["F54H12.1."], "F54H12.1"),
        ([], None),
    ],
)
def test_gene_name(lines: list[str], name: str | None) -> None:
    assert the_entry(entry(*(f"GN   {line}" for line in lines)))["gene_name"] == name


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["CHAIN           1..64"], ("CHAIN", 1, 64, None)),
        (["CHAIN           <1..>64"], ("CHAIN", 1, 64, None)),
        (["CHAIN           ?..64"], ("CHAIN", None, 64, None)),
        (["CHAIN           ?12..?40"], ("CHAIN", 12, 40, None)),
        (["CHAIN           ?"], ("CHAIN", None, None, None)),
        (["LIPID           205"], ("LIPID", 205, 205, None)),
        (["CHAIN           P12345-2:5..9"], ("CHAIN", None, None, None)),
        (["CHAIN       34350  34350       Titin."], ("CHAIN", 34350, 34350, "Titin")),
        (["SIGNAL       <1      7"], ("SIGNAL", 1, 7, None)),
        (["CHAIN         ?    >75       Made-", "                             up."],
         ("CHAIN", None, 75, "Made-up")),
        (["CHAIN           1..64", '                /note="One / two',
          '                /three"'], ("CHAIN", 1, 64, "One / two /three")),
        (["CHAIN           1..64", '                /id="PRO_1"', '                /note="After"'],
         ("CHAIN", 1, 64, "After")),
        (["CHAIN           1..64", '                /note="A length -', '                not a hyphen"'],
         ("CHAIN", 1, 64, "A length - not a hyphen")),
        (["CHAIN           1..64", '                /note=""'], ("CHAIN", 1, 64, None)),
    ],
)  # fmt: skip
def test_feature(lines: list[str], expected: tuple[Any, ...]) -> None:
    assert features_of(entry(*(f"FT   {line}" for line in lines))) == [expected]


def test_only_the_types_that_localisation_uses_become_features() -> None:
    others = (
        "SITE",
        "STRAND",
        "PEPTIDE",
        "TOPO_DOM",
        "MOD_RES",
        "CROSSLNK",
        "CHAINS",
        "SIGNAL_X",
        "CARBOHYD",
    )
    lines = [
        line
        for name in (*others, *FEATURE_TYPES)
        for line in (f"FT   {name:8}        1..2", f'FT                   /note="{name}"')
    ]
    assert [(row[0], row[3]) for row in features_of(entry(*lines))] == [(name, name) for name in FEATURE_TYPES]


def test_locations_end_with_the_next_comment_and_with_the_copyright() -> None:
    text = entry(
        "CC   -!- SUBCELLULAR LOCATION: Nucleus.",
        "CC   -!- SUBCELLULAR LOCATIONS: not a topic.",
        "CC       Never.",
        "CC   -!- SUBCELLULAR LOCATION:",
        "CC       Cytoplasm.",
        "CC   ---------------",
        "CC       Golgi apparatus.",
    )
    assert [row[1] for row in locations_of(text)] == ["Nucleus", "Cytoplasm"]


def test_entries_without_any_location_or_feature() -> None:
    batch = read(entry() + entry(accession="Q00001"))
    assert batch.entries["accession"].to_pylist() == ["P12345", "Q00001"]
    assert batch.locations.num_rows == batch.features.num_rows == 0


# How the file is written


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.removesuffix("\n"),
        lambda text: text + "\n \n\n",
        lambda text: "\n\n" + text.replace("//\n", "//\n\n"),
        lambda text: re.sub("$", "  ", text, flags=re.MULTILINE),
        lambda text: text.replace("RN   [1]", "**   #### INTERNAL SECTION ####\nRN   [1]\nZZ   unknown code"),
    ],
    ids=["CRLF", "no final line end", "blank end", "blank lines", "trailing blanks", "unknown codes"],
)
def test_layout_of_lines_does_not_matter(change: Callable[[str], str]) -> None:
    text = TODAY + BEFORE_2019 + LAST_CENTURY
    assert read(change(text)) == read(text)


def test_lower_case_residues_are_residues() -> None:
    assert the_entry(entry().replace("MTWPDGGKKK", "mtwpdggkkk"))["sequence"] == SEQUENCE


@pytest.mark.parametrize("n", [1, 9, 10, 11, 60, 61, 600, 35_213])
def test_any_length_of_sequence(n: int) -> None:
    sequence = (SEQUENCE * (n // len(SEQUENCE) + 1))[:n]
    assert the_entry(entry(sequence=sequence))["sequence"] == sequence


def test_text_is_utf8_or_else_latin1_value_by_value() -> None:
    text = entry("DE   SubName: Full=Pr\N{LATIN SMALL LETTER O WITH DIAERESIS}tein;", "GN   Name=A;")
    both = text.encode() + text.encode("latin-1") + entry("DE   SubName: Full=ASCII;").encode()
    names = read(both).entries["protein_name"].to_pylist()
    assert names == ["Pr\N{LATIN SMALL LETTER O WITH DIAERESIS}tein"] * 2 + ["ASCII"]


def test_lines_and_entries_may_be_long() -> None:
    ten_megabytes = "word " * 2_000_000
    text = entry(
        f"DE   RecName: Full={ten_megabytes}end;",
        f"DR   {ten_megabytes}",
        f"CC   -!- SUBCELLULAR LOCATION: Nucleus. Note={ten_megabytes}.",
        "FT   CHAIN           1..64",
        f'FT                   /note="{ten_megabytes}end"',
    )
    batch = read(entry(accession="Q00001") + text + entry(accession="Q00002"))
    assert batch.entries["accession"].to_pylist() == ["Q00001", "P12345", "Q00002"]
    assert batch.entries["protein_name"].to_pylist() == [None, f"{ten_megabytes}end", None]
    assert batch.features["qualifier"].to_pylist() == [f"{ten_megabytes}end"]
    assert batch.locations["note"].to_pylist() == [ten_megabytes.strip()]


def test_an_entry_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psl_index.flatfile._ENTRY_LIMIT", 1 << 16)
    text = entry() + entry(accession="Q00001").replace("//\n", "DR   more\n" * 100_000)
    for skipped in (None, Skipped()):
        with pytest.raises(InputError, match="Q00001: expected // within") as caught:
            read(text, chunk_bytes=1 << 14, skipped=skipped)
        assert caught.value.line == entry().count("\n") + 1


# Pieces and threads


def test_batches_together_do_not_depend_on_where_the_file_is_cut() -> None:
    text = (TODAY + BEFORE_2019 + LAST_CENTURY) * 3
    whole = read(text)
    for chunk_bytes in (1, 2, 3, 64, 1000, len(TODAY) - 1, len(TODAY), len(TODAY) + 1, len(text), 1 << 20):
        assert read(text, chunk_bytes=chunk_bytes) == whole
        assert read(text, chunk_bytes=chunk_bytes, threads=2) == whole


def test_there_is_room_for_any_number_of_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (TODAY + BEFORE_2019 + LAST_CENTURY) * 3
    whole = read(text)
    monkeypatch.setattr("psl_index.flatfile_lines._FIRST_ROOM", 1)
    for chunk_bytes in (1000, 1 << 20):
        assert read(text, chunk_bytes=chunk_bytes) == whole


def test_errors_do_not_depend_on_where_the_file_is_cut() -> None:
    text = TODAY * 3 + entry(accession="A00001").replace("65 AA", "66 AA") + TODAY * 3
    messages = set()
    for chunk_bytes in (1, 1000, 5000, 1 << 20):
        for threads in (1, 2):
            with pytest.raises(InputError) as caught:
                read(text, chunk_bytes=chunk_bytes, threads=threads)
            messages.add(str(caught.value))
    assert len(messages) == 1


def test_a_file_larger_than_memory_takes_bounded_memory() -> None:
    """200 MB, a few times what the reader may hold at once."""
    script = (
        "import io, resource, sys\n"
        "from psl_index.flatfile import read_flatfile\n"
        "entries = sys.stdin.buffer.read() * 100\n"
        "class Repeated(io.BytesIO):\n"
        "    name = 'made up'\n"
        "    left = 200_000_000 // len(entries)\n"
        "    def readinto(self, buffer):\n"
        "        view, filled = memoryview(buffer), 0\n"
        "        while filled < len(view) and self.left:\n"
        "            count = super().readinto(view[filled:])\n"
        "            filled += count\n"
        "            if not count:\n"
        "                self.left -= 1\n"
        "                self.seek(0)\n"
        "        return filled\n"
        "source = Repeated(entries)\n"
        "batches = read_flatfile(source, threads=2)\n"
        "total = sum(next(batches).entries.num_rows for _ in range(4))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "total += sum(batch.entries.num_rows for batch in batches)\n"
        "print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], input=TODAY, capture_output=True, text=True, check=True)
    entries, grown_kilobytes = map(int, run.stdout.split())
    assert entries == 200_000_000 // (100 * len(TODAY)) * 100
    assert grown_kilobytes < 60_000


def test_threads_end_when_the_reader_is_left() -> None:
    batches = read_flatfile(Text((TODAY * 50).encode()), threads=2, chunk_bytes=1000)
    next(batches)
    batches.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flatfile")]
