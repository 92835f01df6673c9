"""Colours: one for each level and type, and texts that can be read on them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.report.colours import FEATURE, SCORES, SHARES, between, contrast, ink_on, style_sheet
from psl_eval.report.features import FEATURES
from psl_eval.report.levels import LETTERS

PAGES = ("#ffffff", "#16171b")
AA = 4.5  # WCAG 2.2, success criterion 1.4.3


def test_contrast_is_that_of_the_guidelines() -> None:
    """Black on white, and the two greys that the guidelines' own understanding of 1.4.3 is about."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert contrast("#0072b2", "#0072b2") == 1


def test_residues_can_be_read_on_all_colours() -> None:
    assert [colour for pair in SCORES for colour in pair if contrast(colour, ink_on(colour)) < AA] == []


def test_each_level_and_each_type_has_a_colour() -> None:
    assert len(SCORES) == len(LETTERS)
    assert FEATURE.keys() == FEATURES.keys()


def test_the_style_sheet_has_all_of_them_on_either_page() -> None:
    light, dark = style_sheet().split("@media screen and (prefers-color-scheme: dark) {")
    for sheet, colours in ((light, [each.light for each in SCORES]), (dark, [each.dark for each in SCORES])):
        assert re.findall(r"\.l\d+ \{ background: (#[0-9a-f]{6});", sheet) == colours
    assert dict(re.findall(r"\.([A-Z]+) \{ background: (#[0-9a-f]{6}) ?;", light)) == FEATURE


def test_lines_of_features_can_be_seen_on_either_page() -> None:
    """WCAG 2.2, success criterion 1.4.11."""
    assert [name for name, colour in FEATURE.items() if min(contrast(colour, page) for page in PAGES) < 3] == []


@given(st.floats(0, 1))
def test_numbers_can_be_read_on_every_share(share: float) -> None:
    colour = between(*SHARES, share)
    assert contrast(colour, ink_on(colour)) >= AA


def test_shares_begin_and_end_with_their_colours() -> None:
    assert (between(*SHARES, 0), between(*SHARES, 1)) == SHARES
    assert between("#000000", "#ff8000", 0.5) == "#804000"
