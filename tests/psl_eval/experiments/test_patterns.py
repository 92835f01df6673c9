"""Patterns: what is drawn from motifs and matrices, where it is written, and how files hold them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import scipy.stats

from psl_eval.experiments.importance.backgrounds import Tokens
from psl_eval.experiments.importance.insertion import Change, Insertion, Part, variants
from psl_eval.experiments.importance.pattern_files import most_frequent, read_matrices, read_subsequences
from psl_eval.experiments.importance.patterns import STANDARD, matrix, motif, subsequence
from psl_index.errors import InputError, UsageError
from psl_models.encoding import TOKENS, encode

RNG = np.random.default_rng(4)
BACKGROUNDS = [encode("M" + "".join(RNG.choice(list(STANDARD), 40))) for _ in range(200)]


def residues(tokens: Tokens | None) -> str:
    assert tokens is not None
    return "".join(TOKENS[token] for token in tokens)


def inserted(insertion: Insertion, background: str, seed: int = 1) -> str:
    return residues(insertion.into(encode(background), seed))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("K-[KR]-x(1,2)-{P}", r"K[KR].{1,2}[^P]"),
        ("K-K-x-R.", r"KK.R"),
        ("{DE}(3)-W", r"[^DE]{3}W"),
        ("C-x(0,3)-C", r"C.{0,3}C"),
        ("[ACD](2,4)", r"[ACD]{2,4}"),
    ],
)
def test_what_is_drawn_from_a_motif_is_one(text: str, expression: str) -> None:
    pattern = motif(text)
    widths = set()
    for background in BACKGROUNDS:
        found = residues(Insertion((Part(pattern),), -1).into(background, seed=1))
        changed = [place for place, token in enumerate(encode(found)) if token != background[place]]
        matched = re.search(f"{expression}$", found)
        assert matched
        assert all(place >= 41 - 6 for place in changed)
        widths.add(len(pattern.draw(np.random.default_rng(len(widths))).tokens))
    assert pattern.width is None or widths == {pattern.width}


def test_the_background_stays_where_a_motif_admits_anything() -> None:
    insertion = Insertion((Part(motif("W-x(2)-{P}-W")),), 5)
    assert inserted(insertion, "MAAAAAAAAAAAA") == "MAAAWAAAWAAAA"
    of_proline = {inserted(insertion, "MAAAPPPPPAAAA", seed) for seed in range(300)}
    assert {text[:7] + text[8:] for text in of_proline} == {"MAAAWPPWAAAA"}
    assert {text[7] for text in of_proline} == set(STANDARD) - {"P"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("K-B", "'B' is none of the 20 standard residues"),
        ("K-[KU]", "'U' is none of the 20 standard residues"),
        ("{O}", "'O' is none of the 20 standard residues"),
        ("KK", "'KK' is none of its elements; join elements by -, as in "),
        ("", "'' is none of its elements"),
        ("K-", "'' is none of its elements"),
        ("K-[G>]", r"'\[G>\]' is none of its elements"),
        ("x(3,1)", "fewer repeats at most than at least"),
        ("x(0)", "it can have 0 residues"),
        ("A(600)-C(600)", "it can have 1,200 residues"),
        ("{ACDEFGHIKLMNPQRSTVWY}", "admits no residue"),
    ],
)
def test_no_motif(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        motif(text)


def test_residues_of_a_matrix_are_as_frequent_as_it_says() -> None:
    pattern = matrix("NLS", [{"K": 3, "R": 1}, {"A": 1}])
    drawn = [pattern.draw(np.random.default_rng(seed)).tokens for seed in range(2000)]
    counts = Counter(residues(tokens) for tokens in drawn)
    assert sorted(counts) == ["KA", "RA"]
    assert scipy.stats.binomtest(counts["KA"], 2000, 0.75).pvalue > 0.001


@pytest.mark.parametrize("rows", [[], [{"K": 0}], [{"K": -1, "R": 2}], [{"K": float("nan")}], [{"U": 1}]])
def test_no_matrix(rows: list[dict[str, float]]) -> None:
    with pytest.raises(UsageError):
        matrix("bad", rows)


@pytest.mark.parametrize(
    ("residues_", "position", "expected"),
    [
        ("WWW", 1, "MWWWAAAAAA"),  # behind the M
        ("WWW", 2, "MWWWAAAAAA"),
        ("MWW", 1, "MWWAAAAAAA"),
        ("WWW", 8, "MAAAAAAWWW"),
        ("WWW", -1, "MAAAAAAWWW"),
        ("WWW", -3, "MAAAAWWWAA"),
        ("WWW", 0, "MAAWWWAAAA"),
        ("WWW", -7, "MWWWAAAAAA"),
        ("WWW", -8, None),  # the M would be lost
        ("WWW", 9, None),
        ("W" * 10, 0, None),
        ("M" + "W" * 9, 0, "M" + "W" * 9),
    ],
)
def test_where_a_pattern_is_written(residues_: str, position: int, expected: str | None) -> None:
    found = Insertion((Part(subsequence(residues_)),), position).into(encode("MAAAAAAAAA"), 1)
    assert (None if found is None else residues(found)) == expected


@pytest.mark.parametrize(
    ("text", "position", "background", "expected"),
    [
        ("<x-K-K", 1, "MAAAAAAAA", "MKKAAAAAA"),
        ("<x(2)-K", 1, "MAAAAAAAA", "MAKAAAAAA"),
        ("<[MV]-K-K", 1, "MAAAAAAAA", "MKKAAAAAA"),
        ("{P}-K-K", 1, "MAAAAAAAA", "MKKAAAAAA"),
        ("<x(0,1)-K", 1, "MAAAAAAAA", "MKAAAAAAA"),  # behind the M, whether or not that is the x
        ("<[KR]-K-K", 1, "MAAAAAAAA", None),  # one of KKK and RKK behind the M
        ("x-K-K", 3, "MAAAAAAAA", "MAAKKAAAA"),
        ("<x-K-K", 1, "AAAAAAAAA", "AKKAAAAAA"),  # of a fragment the first residue stays if the motif admits it
        ("<[MV]-K-K", 1, "AAAAAAAAA", "MKKAAAAAA"),
        ("x(3)-K", 0, "MAAA", "MAAK"),
    ],
)
def test_the_m_in_front_is_the_first_residue_of_what_admits_it(
    text: str, position: int, background: str, expected: str | None
) -> None:
    insertion = Insertion((Part(motif(text)),), position)
    found = {inserted(insertion, background, seed) for seed in range(20)}
    assert found == ({expected} if expected is not None else {"MKKKAAAAA", "MRKKAAAAA"})


def test_in_random_order_the_m_in_front_stays_too() -> None:
    insertion = Insertion((Part(motif("<x-K-R-W-D"), form="shuffled"),), 1)
    found = {inserted(insertion, "MAAAAAAA", seed) for seed in range(99)}
    assert {text[0] + "".join(sorted(text[1:5])) + text[5:] for text in found} == {"MDKRWAAA"}
    assert len(found) > 15


def test_parts_behind_each_other_and_a_residue_last() -> None:
    parts = (Part(subsequence("WW")), Part(subsequence("KR"), 2))
    assert inserted(Insertion(parts, 3), "MAAAAAAAAAA") == "MAWWAAKRAAA"
    absent = (parts[0]._replace(form="absent"), parts[1])
    assert inserted(Insertion(absent, 3), "MAAAAAAAAAA") == "MAAAAAKRAAA"
    assert inserted(Insertion(parts, 3, Change(1, encode("D")[0])), "MAAAAAAAAAA") == "MAWDAAKRAAA"
    assert inserted(Insertion(parts, 3, Change(-1, encode("D")[0])), "MAAAAAAAAAA") == "MDWWAAKRAAA"
    assert inserted(Insertion(parts, 3, Change(0, encode("D")[0], behind=True)), "MAAAAAAAAAA") == "MAWWAAKRDAA"
    assert Insertion(parts, 3, Change(-2, 0)).into(encode("MAAAAAAAAAA"), 1) is None
    assert inserted(Insertion(), "MAAA") == "MAAA"


def test_a_shuffled_pattern_has_the_same_residues_and_its_m_in_front() -> None:
    found = {inserted(Insertion((Part(subsequence("MKRWD"), form="shuffled"),), 1), "MAAAAAAA", s) for s in range(99)}
    assert {text[0] + text[5:] for text in found} == {"MAAA"}
    assert {"".join(sorted(text[1:5])) for text in found} == {"DKRW"}
    assert len(found) > 15


def test_a_pattern_is_drawn_alike_alone_and_with_others() -> None:
    first, second = motif("[ACDEFGHIKL](6)"), motif("[KR](6)")
    both = Insertion((Part(first), Part(second, 3)), 4)
    alone = Insertion((Part(first), Part(second, 3, "absent")), 4)
    for number, found in zip(*variants(both, BACKGROUNDS, seed=1), strict=True):
        only = alone.into(BACKGROUNDS[number], 1)
        assert only is not None
        assert found[3:9].tolist() == only[3:9].tolist()


def test_different_patterns_are_drawn_independently_and_copies_alike() -> None:
    acids, bases = motif("[DE](8)"), motif("[KR](8)")
    insertion = Insertion((Part(acids), Part(bases), Part(acids)), 4)
    _, written = variants(insertion, BACKGROUNDS, seed=1)
    first, second, third = (
        np.concatenate([tokens[start : start + 8] == encode(letter)[0] for tokens in written])
        for start, letter in ((3, "D"), (11, "K"), (19, "D"))
    )
    assert (first == third).all()
    assert scipy.stats.binomtest(int((first == second).sum()), len(first), 0.5).pvalue > 0.001


def test_the_most_frequent_subsequences_of_a_class(tmp_path: Path) -> None:
    rows = [
        ("a", 1, "MKK", "Nucleus", 0.5),
        ("a", 9, "SKL", "Nucleus", 0.1),
        ("a", 20, "SKL", "Nucleus", 0.1),
        ("b", 5, "SKL", "Nucleus", 0.1),
        ("c", 5, "AAAA", "Nucleus", 0.2),
        ("d", 5, "AAAA", "Plastid", 0.2),
    ]
    lines = ["query\tstart\tend\tsubsequence\tpredicted\tscore"]
    lines += [f"{q}\t{s}\t{s + len(text) - 1}\t{text}\t{label}\t{score}" for q, s, text, label, score in rows]
    (tmp_path / "s.tsv").write_text("\n".join(lines) + "\n")
    table = read_subsequences(tmp_path / "s.tsv")
    found = most_frequent(table, 10, "Nucleus")
    assert [(each.residues, each.proteins, each.rows) for each in found] == [
        ("SKL", 2, (1, 3)),
        ("MKK", 1, (0,)),
        ("AAAA", 1, (4,)),
    ]
    assert [each.residues for each in most_frequent(table, 2)] == ["AAAA", "SKL"]
    with pytest.raises(InputError, match=r"predicted to be in Peroxisome; name one .*Nucleus, Plastid"):
        most_frequent(table, 2, "Peroxisome")


def test_matrices_as_tsv_and_as_json_are_alike(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_text("name\tK\tR\nNLS\t3\t1\nNLS\t\t2\nPTS\t1\t1\n")
    matrices = [
        {"name": "NLS", "matrix": [{"K": 0.75, "R": 0.25}, {"R": 1}]},
        {"name": "PTS", "matrix": [{"K": 1, "R": 1}]},
    ]
    (tmp_path / "m.json").write_text(json.dumps(matrices))
    assert read_matrices(tmp_path / "m.tsv") == read_matrices(tmp_path / "m.json")
    assert [pattern.name for pattern in read_matrices(tmp_path / "m.tsv")] == ["NLS", "PTS"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", ":1: no column of a residue"),
        ("name\tK\tB\nA\t1\t1\n", ":1: column 'B' is no residue"),
        ("K\tR\n", ": no row after the header"),
        ("K\tR\n1\tmany\n", ":2: could not convert"),
        ("K\tR\n1\t2\n1\n", ":3: has 1 columns, the header has 2"),
        ("K\tR\n\n1\t2\t3\n", ":3: has 3 columns, the header has 2"),
        ("K\tR\tK\n1\t2\t3\n", ":1: two columns 'K'"),
        ("name\tK\tname\na\t2\ta\n", ":1: two columns 'name'"),
        ("name\na\n", ":1: no column of a residue"),
        ("K\tR\n0\t0\n", ": row 1 of matrix 'matrix' has no shares"),
        ("[", ": no JSON"),
        ('[{"name": "a"}]', ": entry 1 is no matrix"),
        ('[{"name": "a", "matrix": [{"K": "x"}]}]', ": entry 1 is no matrix"),
        (f'[{{"matrix": [{{"K": 1{"0" * 400}}}]}}]', ": entry 1 is no matrix"),
        ('[{"matrix": [{"K": 1e400}]}]', ": entry 1 is no matrix"),
        (f'[{{"matrix": [{{"K": 1{"0" * 5000}}}]}}]', ": no JSON"),
        ('[{"matrix": [{"K": 1e308, "R": 1e308}]}]', ": row 1 of matrix 'matrix 1' has no shares"),
        ('[{"name": "a", "matrix": [{"B": 1}]}]', ": matrix 'a' has the letter 'B'"),
        ('[{"name": "a", "matrix": [{"K": 1}]}, {"name": "a", "matrix": [{"K": 1}]}]', ": two matrices have the name"),
    ],
)
def test_bad_matrices(tmp_path: Path, content: str, problem: str) -> None:
    (tmp_path / "bad").write_text(content)
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / 'bad'}{problem}")):
        read_matrices(tmp_path / "bad")
    with pytest.raises(InputError, match="cannot be read"):
        read_matrices(tmp_path / "none")


def test_a_list_of_peptides_has_no_proteins(tmp_path: Path) -> None:
    (tmp_path / "peptides").write_text("KKRKV\nSKL\n")
    table = read_subsequences(tmp_path / "peptides")
    assert isinstance(table, pa.Table)
    assert [each.residues for each in most_frequent(table, 5)] == ["KKRKV", "SKL"]
