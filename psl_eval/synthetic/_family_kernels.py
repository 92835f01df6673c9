"""Growing families of sequences from drawn numbers: ancestors, repeats in them, signals, members."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel

# Sites of a sequence have a rate class: below `PROTECTED` how fast they change, from there on no insertion or
# deletion touches them, for they belong to a planted signal.
PROTECTED = 16
FIXED = 17
SITE_CLASSES = 18


@kernel
def lay_ancestors(
    starts: npt.NDArray[np.int64],
    compositions: npt.NDArray[np.uint8],
    composition_of: npt.NDArray[np.int64],
    draws: npt.NDArray[np.uint16],
    letters: npt.NDArray[np.uint8],
    sites: npt.NDArray[np.uint8],
) -> None:
    """Write letters drawn from each family's composition, and a rate class for each site.

    `starts` has shape (families + 1,); `draws`, `letters` and `sites` one value a residue. Twelve bits of a
    draw choose the letter, the other four the rate class. Each ancestor begins with a methionine that never
    changes.
    """
    for family in range(starts.size - 1):
        composition = composition_of[family]
        for at in range(starts[family], starts[family + 1]):
            draw = np.int64(draws[at])
            letters[at] = compositions[composition, draw >> 4]
            sites[at] = draw & 15
        letters[starts[family]] = 77
        sites[starts[family]] = FIXED


@kernel
def repeat(
    starts: npt.NDArray[np.int64],
    stops: npt.NDArray[np.int64],
    periods: npt.NDArray[np.int64],
    purities: npt.NDArray[np.uint16],
    draws: npt.NDArray[np.uint16],
    letters: npt.NDArray[np.uint8],
) -> None:
    """Turn each ``letters[start:stop]`` into repeats of its first `period` residues.

    A residue stays as it is where its draw is not below the purity; `draws` has one value a residue.
    """
    for stretch in range(starts.size):
        start = starts[stretch]
        for at in range(start + periods[stretch], stops[stretch]):
            if draws[at] < purities[stretch]:
                letters[at] = letters[start + (at - start) % periods[stretch]]


@kernel
def plant(
    places: npt.NDArray[np.int64],
    patterns: npt.NDArray[np.int64],
    offsets: npt.NDArray[np.int64],
    choices: npt.NDArray[np.int64],
    choice_letters: npt.NDArray[np.uint8],
    pattern_sites: npt.NDArray[np.uint8],
    draws: npt.NDArray[np.uint8],
    letters: npt.NDArray[np.uint8],
    sites: npt.NDArray[np.uint8],
) -> None:
    """Write a signal of pattern number ``patterns[i]`` from ``letters[places[i]]`` on, and its rate classes.

    Pattern p is ``choices[offsets[p]:offsets[p + 1]]``, rows of `choice_letters`; the column is the draw at
    that place of `letters`.
    """
    for number in range(places.size):
        begin = offsets[patterns[number]]
        for at in range(offsets[patterns[number] + 1] - begin):
            place = places[number] + at
            letters[place] = choice_letters[choices[begin + at], draws[place]]
            sites[place] = pattern_sites[begin + at]


@kernel
def grow(
    ancestors: npt.NDArray[np.int64],
    ancestor_letters: npt.NDArray[np.uint8],
    ancestor_sites: npt.NDArray[np.uint8],
    first_members: npt.NDArray[np.int64],
    parents: npt.NDArray[np.int64],
    thresholds: npt.NDArray[np.uint16],
    indels: npt.NDArray[np.uint16],
    losing: npt.NDArray[np.bool_],
    substitutes: npt.NDArray[np.uint8],
    draws: npt.NDArray[np.uint32],
    first_signals: npt.NDArray[np.int64],
    signal_starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
    sites: npt.NDArray[np.uint8],
    ends: npt.NDArray[np.int64],
    places: npt.NDArray[np.int64],
) -> None:
    """Write every member of every family: the ancestor itself, then each other as its parent with changes.

    Linear in the residues written.

    Parameters
    ----------
    ancestors : int64[families + 1]
        Where each ancestor begins in `ancestor_letters` and `ancestor_sites`.
    first_members, first_signals : int64[families + 1]
        Number of each family's first member, and of its first signal.
    parents : int64[members]
        Number of the member each derives from, a smaller one of its family; not used for a family's first.
    thresholds : uint16[members, SITE_CLASSES]
        A site of that class changes where 16 bits of its draw are below this.
    indels : uint16[members]
        An insertion or deletion of 1 to 8 residues begins where the other 16 bits are below this.
    losing : bool[members]
        Members that lose their signals: every residue of them changes, but for the first methionine.
    substitutes : uint8[128, 256]
        Letter that replaces each letter, by draw.
    draws : uint32[power of two]
        Used in turn, round and round.
    signal_starts : int64[signals]
        First residue of each signal, from 0 in the ancestor, ascending within a family.
    letters, sites : uint8[capacity]
        Out: members, one after another. No member is longer than its ancestor by more than a quarter.
    ends : int64[members + 1]
        Out: where each member ends, from ``ends[1]`` on. ``ends[0]`` is 0.
    places : int64[sum over families of members times signals]
        Out: first residue of each signal in each member, from 0.
    """
    mask = draws.size - 1
    cursor = 0
    filled = 0
    placed = 0
    for family in range(ancestors.size - 1):
        first = first_members[family]
        first_place = placed
        signals = first_signals[family + 1] - first_signals[family]
        length = ancestors[family + 1] - ancestors[family]
        longest = length + length // 4
        for at in range(ancestors[family], ancestors[family + 1]):
            letters[filled] = ancestor_letters[at]
            sites[filled] = ancestor_sites[at]
            filled += 1
        ends[first + 1] = filled
        for signal in range(first_signals[family], first_signals[family + 1]):
            places[placed] = signal_starts[signal]
            placed += 1
        for member in range(first + 1, first_members[family + 1]):
            begin = filled
            parent_begin = ends[parents[member]]
            parent_length = ends[parents[member] + 1] - parent_begin
            parent_place = first_place + (parents[member] - first) * signals
            signal = 0
            at = 0
            while at < parent_length:
                draw = np.int64(draws[cursor & mask])
                cursor += 1
                low = draw & 0xFFFF
                high = draw >> 16
                letter = letters[parent_begin + at]
                site = sites[parent_begin + at]
                if site < PROTECTED and high < indels[member]:
                    count = 1 + (low & 7)
                    if low & 8:
                        while count > 0 and at < parent_length - 1 and sites[parent_begin + at] < PROTECTED:
                            at += 1
                            count -= 1
                        continue
                    while count > 0 and filled - begin + parent_length - at < longest:
                        letters[filled] = letters[parent_begin + np.int64(draws[cursor & mask]) % parent_length]
                        sites[filled] = site
                        cursor += 1
                        filled += 1
                        count -= 1
                elif low < thresholds[member, site] or (losing[member] and site >= PROTECTED and at > 0):
                    letter = substitutes[letter, high >> 8]
                if signal < signals and at == places[parent_place + signal]:
                    places[placed] = filled - begin
                    placed += 1
                    signal += 1
                letters[filled] = letter
                sites[filled] = site
                filled += 1
                at += 1
            ends[member + 1] = filled
