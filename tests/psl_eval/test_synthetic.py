"""The synthetic proteome: reproducible, like Swiss-Prot, its signals where it says."""

from __future__ import annotations

import hashlib
import io
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks import generator
from benchmarks.budgets import read_budgets
from benchmarks.report import judge
from psl_eval.inputs.subsequences import SUBSEQUENCES
from psl_eval.synthetic import (
    Block,
    Model,
    planted_explanations,
    proteome,
    random_explanations,
    write_fasta,
    write_flat_file,
)
from psl_eval.synthetic import _family_kernels as kernels
from psl_eval.synthetic.composition import SWISS_PROT, substitutes
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.model import change_thresholds
from psl_eval.synthetic.names import accession, mnemonic, organisms, secondary_accession
from psl_eval.synthetic.proteome import BLOCK_RESIDUES
from psl_eval.synthetic.signals import KINDS, NUCLEAR, PEROXISOMAL, RETENTION, SIGNAL
from psl_index.classes import CLASSES

ACCESSION = re.compile(r"[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9]([A-Z][A-Z0-9]{2}[0-9]){1,2}")


@pytest.fixture(scope="module")
def blocks() -> list[Block]:
    """Two blocks and a half."""
    return list(proteome(2_600_000, seed=1))


def digest(blocks: list[Block]) -> str:
    return hashlib.sha256(b"".join(block.residues.tobytes() for block in blocks)).hexdigest()


def signals_of_kind(blocks: list[Block], kind: int) -> list[tuple[str, int, int]]:
    """Sequence, first and last residue (1-based) of the signals of a kind."""
    return [
        (block.sequence(protein), first, last)
        for block in blocks
        for protein, (first, last) in zip(
            block.signal_protein[block.signal_kind == kind].tolist(),
            block.signal_spans[block.signal_kind == kind].tolist(),
            strict=True,
        )
    ]


def test_the_same_seed_gives_the_same_proteins(blocks: list[Block]) -> None:
    assert digest(list(proteome(2_600_000, seed=1))) == digest(blocks)
    assert digest(list(proteome(2_600_000, seed=2))) != digest(blocks)


def test_kernels_give_the_same_without_compilation() -> None:
    script = (
        "import io; from psl_eval.synthetic import *; text = io.BytesIO();"
        "write_flat_file(proteome(3000, 5), text); import hashlib;"
        "print(hashlib.sha256(text.getvalue()).hexdigest())"
    )
    text = io.BytesIO()
    write_flat_file(proteome(3000, 5), text)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == hashlib.sha256(text.getvalue()).hexdigest()


@pytest.mark.parametrize("residues", [1, 50, 10_000, 1_500_000])
def test_it_ends_with_the_protein_that_reaches_the_size(residues: int) -> None:
    made = list(proteome(residues, seed=4))
    total = sum(block.residues.size for block in made)
    last = int(np.diff(made[-1].offsets)[-1])
    assert total - last < residues <= total


def test_a_proteome_comes_block_by_block_and_a_larger_one_begins_with_the_smaller() -> None:
    largest = proteome(500_000_000, seed=1)
    first, second = itertools.islice(largest, 2)
    assert max(first.residues.size, second.residues.size) < 1.1 * BLOCK_RESIDUES
    smaller = proteome(3 * BLOCK_RESIDUES, seed=1)
    assert digest([first, second]) == digest(list(itertools.islice(smaller, 2)))


def test_blocks_number_proteins_and_families_in_a_row(blocks: list[Block]) -> None:
    assert [block.first for block in blocks] == [sum(len(block) for block in blocks[:number]) for number in range(3)]
    family = np.concatenate([block.family for block in blocks])
    member = np.concatenate([block.member for block in blocks])
    assert np.isin(np.diff(family), (0, 1)).all()
    assert np.array_equal(member == 0, np.diff(family, prepend=-1) == 1)


def test_lengths_and_composition_are_those_of_swiss_prot(blocks: list[Block]) -> None:
    lengths = np.concatenate([np.diff(block.offsets) for block in blocks])
    assert 340 < lengths.mean() < 400
    assert lengths.min() >= 2
    assert lengths.max() <= 35_000 * 1.25
    counts = np.bincount(np.concatenate([block.residues for block in blocks]), minlength=128)
    assert set(np.flatnonzero(counts)) <= set(map(ord, "ABCDEFGHIKLMNOPQRSTUVWXYZ"))
    for letter, percent in SWISS_PROT.items():
        assert counts[ord(letter)] / counts.sum() == pytest.approx(percent / 100, rel=0.15)
    assert 0 < sum(counts[ord(letter)] for letter in "UXBZO") < 300


def test_the_classes_are_all_there(blocks: list[Block]) -> None:
    found = {
        psl_class
        for block in blocks
        for residence in np.unique(block.residence)
        for psl_class in RESIDENCES[residence].classes
    }
    assert found == set(CLASSES)


def test_members_stay_in_the_class_of_their_family_but_for_some_that_lost_their_signal(
    blocks: list[Block],
) -> None:
    moved = total = 0
    for block in blocks:
        first = np.flatnonzero(block.member == 0)
        of_first = block.residence[first][block.family - block.family[0]]
        signalled = np.array([bool(RESIDENCES[residence].signals) for residence in of_first])
        differ = block.residence != of_first
        assert (block.residence[differ] == 0).all()
        moved += int((differ & signalled).sum())
        total += int((signalled & (block.member > 0)).sum())
        lost = set(np.flatnonzero(differ))
        assert not lost & set(block.signal_protein.tolist())
    assert 0.01 < moved / total < 0.15


def test_members_of_a_family_resemble_each_other_and_strangers_do_not(blocks: list[Block]) -> None:
    def shared(one: str, other: str) -> float:
        words = {one[at : at + 5] for at in range(len(one) - 4)}
        return float(np.mean([other[at : at + 5] in words for at in range(len(other) - 4)]))

    block = blocks[0]
    second = [protein for protein in range(1, len(block)) if block.member[protein] == 1 and protein < 2000]
    long = [protein for protein in second if block.offsets[protein + 1] - block.offsets[protein] > 100]
    related = [shared(block.sequence(protein - 1), block.sequence(protein)) for protein in long]
    strangers = [shared(block.sequence(protein - 1), block.sequence(protein + 40)) for protein in long]
    assert np.mean(related) > 0.2
    assert np.mean(strangers) < 0.01


def test_every_signal_stands_where_it_is_said_to(blocks: list[Block]) -> None:
    assert all(len(signals_of_kind(blocks, kind)) > 20 for kind in range(len(KINDS)))
    for kind, signal in enumerate(KINDS):
        for sequence, first, last in signals_of_kind(blocks, kind):
            assert 1 <= first < last <= len(sequence)
            assert signal.place != "start" or first == 1
            assert signal.place != "end" or last == len(sequence)
    assert {sequence[-4:] for sequence, _, _ in signals_of_kind(blocks, RETENTION)} == {"KDEL", "HDEL"}
    assert all(sequence[-1] == "L" for sequence, _, _ in signals_of_kind(blocks, PEROXISOMAL))
    for sequence, _, last in signals_of_kind(blocks, NUCLEAR):
        assert sequence[last - 6] == "K"
    cleaved = [sequence[last - 3 : last] for sequence, _, last in signals_of_kind(blocks, SIGNAL)]
    assert np.mean([site[0] == site[2] == "A" for site in cleaved]) > 0.8


def test_cores_lie_within_their_signals_and_recur_across_families(blocks: list[Block]) -> None:
    for block in blocks:
        assert (block.core_spans[:, 0] >= block.signal_spans[:, 0]).all()
        assert (block.core_spans[:, 1] <= block.signal_spans[:, 1]).all()
    families: dict[str, set[int]] = {}
    for block in blocks:
        for protein, kind, (first, last) in zip(
            block.signal_protein.tolist(), block.signal_kind.tolist(), block.core_spans.tolist(), strict=True
        ):
            if kind == SIGNAL:
                core = block.sequence(protein)[first - 1 : last]
                families.setdefault(core, set()).add(int(block.family[protein]))
    assert max(map(len, families.values())) > 5


def test_without_divergence_members_are_copies() -> None:
    divergence = np.zeros(3)
    letters, offsets, _ = grown(divergence, parents=[0, 0, 1])
    assert letters[: offsets[1]].tobytes() * 3 == letters.tobytes()


def test_residues_that_are_fixed_stay_and_the_others_change_as_often_as_asked() -> None:
    letters, offsets, places = grown(np.array([0.0, 0.5]), parents=[0, 0], indels=0)
    ancestor, member = np.split(letters, offsets[1:-1])
    assert ancestor.size == member.size
    assert np.mean(ancestor[100:] != member[100:]) == pytest.approx(0.5, abs=0.05)
    assert ancestor[50:57].tobytes() == member[50:57].tobytes() == b"PKKKRKV"
    assert places.tolist() == [50, 50]


def test_signals_are_found_again_after_insertions_and_deletions() -> None:
    divergence = np.linspace(0.0, 0.7, 40)
    letters, offsets, places = grown(divergence, parents=[0, *range(39)], indels=2000)
    assert len(set(places.tolist())) > 5
    for member, place in enumerate(places.tolist()):
        start = int(offsets[member]) + place
        assert letters[start : start + 7].tobytes() == b"PKKKRKV"


def test_a_member_that_loses_its_signal_keeps_no_residue_of_it() -> None:
    letters, offsets, _ = grown(np.zeros(2), parents=[0, 0], losing=[False, True])
    ancestor, member = np.split(letters, offsets[1:-1])
    assert (ancestor[50:57] != member[50:57]).all()
    assert np.array_equal(np.delete(ancestor, range(50, 57)), np.delete(member, range(50, 57)))


def grown(
    divergence: npt.NDArray[np.float64],
    parents: list[int],
    indels: int = 0,
    losing: list[bool] | None = None,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """One family about an ancestor of 4,000 residues with PKKKRKV, fixed, at 50."""
    rng = np.random.default_rng(0)
    ancestor = rng.choice(np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8), 4000)
    sites = rng.integers(0, kernels.PROTECTED, 4000).astype(np.uint8)
    ancestor[50:57] = np.frombuffer(b"PKKKRKV", np.uint8)
    sites[50:57] = kernels.FIXED
    members = divergence.size
    letters, out_sites = np.zeros((2, members * 5000), np.uint8)
    offsets, places = np.zeros(members + 1, np.int64), np.zeros(members, np.int64)
    kernels.grow(
        np.array([0, 4000]),
        ancestor,
        sites,
        np.array([0, members]),
        np.array(parents),
        change_thresholds(Model(), divergence),
        np.full(members, indels, np.uint16),
        np.array(losing or [False] * members),
        substitutes(),
        rng.integers(0, 1 << 32, 1 << 18, np.uint32),
        np.array([0, 1]),
        np.array([50]),
        letters,
        out_sites,
        offsets,
        places,
    )
    return letters[: offsets[-1]], offsets, places


def test_substitutes_never_keep_a_residue() -> None:
    table = substitutes()
    for letter in SWISS_PROT:
        assert ord(letter) not in table[ord(letter)]
        assert set(table[ord(letter)].tolist()) <= set(map(ord, SWISS_PROT))


def test_accessions_are_in_uniprots_pattern_and_all_different() -> None:
    numbers = [*range(5000), 4_665_599, 4_665_600, 4_665_601, 10**8]
    primary = [accession(number) for number in numbers]
    secondary = [secondary_accession(number) for number in numbers]
    assert len({*primary, *secondary}) == 2 * len(numbers)
    assert all(ACCESSION.fullmatch(text) for text in primary + secondary)


def test_entry_names_are_all_different(blocks: list[Block]) -> None:
    assert len({mnemonic(family) for family in range(20_000)}) == 20_000
    codes = [organism.code for group in organisms() for organism in group]
    assert len(set(codes)) == len(codes)
    text = io.BytesIO()
    write_fasta(blocks[:1], text)
    names = re.findall(rb"\|(\w+_\w+) ", text.getvalue())
    assert len(set(names)) == len(names) == len(blocks[0])


def test_planted_explanations_are_cores_and_random_ones_are_elsewhere(blocks: list[Block]) -> None:
    planted, random = planted_explanations(blocks), random_explanations(blocks, seed=1)
    assert planted.schema == random.schema == SUBSEQUENCES
    assert planted.num_rows == random.num_rows > 1000
    sequences = {
        accession(block.first + protein): block.sequence(protein) for block in blocks for protein in range(len(block))
    }
    for column in ("query", "predicted", "true"):
        assert planted.column(column) == random.column(column)
    overlapping = 0
    for one, other in zip(planted.to_pylist(), random.to_pylist(), strict=True):
        for row in (one, other):
            assert sequences[row["query"]][row["start"] - 1 : row["end"]] == row["subsequence"]
            assert row["predicted"] in CLASSES
        assert len(one["subsequence"]) == len(other["subsequence"])
        overlapping += other["start"] <= one["end"] and one["start"] <= other["end"]
    assert overlapping == 0


def test_planted_signals_share_their_class_far_more_often_than_random_windows() -> None:
    """Of the other proteins that hold a window, the share in its class; plain Python."""
    (block,) = proteome(400_000, seed=1)
    text = "\n".join(block.sequence(protein) for protein in range(len(block)))
    ends = block.offsets[1:] + np.arange(len(block))
    rates = []
    for table in (planted_explanations([block]), random_explanations([block], seed=1)):
        own = {accession(block.first + protein): protein for protein in range(len(block))}
        matches = found = 0
        for row in table.to_pylist():
            holders = {
                int(np.searchsorted(ends, at.start(), side="right"))
                for at in re.finditer(f"(?={row['subsequence']})", text)
            } - {own[row["query"]]}
            found += len(holders)
            matches += sum(row["true"] in RESIDENCES[block.residence[holder]].classes for holder in holders)
        rates.append(matches / max(found, 1))
    assert rates[0] > 0.8
    assert rates[1] < 0.5


def test_kmers_and_hits_are_those_of_deeploc_2(real_data: Path, tmp_path: Path) -> None:
    found = list(generator.findings(real_data, tmp_path))
    assert len(found) == 16
    assert [row.finding.what for row in judge(found, read_budgets()) if row.missed] == []
