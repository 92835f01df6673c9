"""Colours of scores, of annotated features and of what stands out: for the page's style sheet and for pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple


class Colour(NamedTuple):
    """A colour on white, and on the dark page."""

    light: str
    dark: str


#: One for each level of `psl_eval.report.levels`, from the strongest against the class, orange, to the strongest for
#: it, blue: told apart by everyone, in print too.
SCORES: Final = (
    Colour("#7f3b08", "#ffb45c"),
    Colour("#93490a", "#f0a048"),
    Colour("#a6580d", "#d98a33"),
    Colour("#d07d22", "#c98130"),
    Colour("#e2963f", "#8f5616"),
    Colour("#efb063", "#7d4c16"),
    Colour("#f7c88b", "#603b13"),
    Colour("#fbdcb4", "#472d12"),
    Colour("#fdeedb", "#2f2113"),
    Colour("#ffffff", "#1c1d22"),
    Colour("#e8f0f9", "#16232f"),
    Colour("#d2e2f2", "#172f45"),
    Colour("#b8d3eb", "#183c5b"),
    Colour("#97c0e1", "#1a4b73"),
    Colour("#72aad6", "#1f5d8f"),
    Colour("#5a9acb", "#4590cc"),
    Colour("#4f93c6", "#5a9fd8"),
    Colour("#1f62a0", "#7ab6ea"),
    Colour("#0f4a85", "#a6d2f8"),
)
PICKED: Final = Colour("#8a4b00", "#ffb454")
#: By the type of `psl_eval.report.features.FEATURES` (after Okabe and Ito 2008), on either page.
FEATURE: Final = {
    "SIGNAL": "#d55e00",
    "TRANSIT": "#cc79a7",
    "PROPEP": "#8a8a94",
    "TRANSMEM": "#009e73",
    "LIPID": "#8f8000",
    "MOTIF": "#2b8cc4",
}
#: Of nothing and of all, for shares.
SHARES: Final = ("#ffffff", "#0f4a85")
_BLACK: Final = "#000000"  # on any colour it or white has a contrast of 4.5 or more
_WHITE: Final = "#ffffff"


def ink_on(colour: str) -> str:
    """Black or white, whichever is read better there (WCAG 2.2, contrast ratio)."""
    return max(_BLACK, _WHITE, key=lambda ink: contrast(colour, ink))


def between(one: str, other: str, share: float) -> str:
    """The colour at a share of the way from one to another, as charts mix them (linear in sRGB)."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(_rgb(one), _rgb(other), strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours ``#rrggbb`` (WCAG 2.2): from 1, alike, to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    values = [part / 255 for part in _rgb(colour)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def style_sheet() -> str:
    """Rules of the classes ``l0`` to ``l18`` (levels), ``picked``, and the types of features."""
    features = [_rule(name, colour) for name, colour in FEATURE.items()]
    light = [_rule("picked", PICKED.light), *_levels([each.light for each in SCORES])]
    dark = [_rule("picked", PICKED.dark), *_levels([each.dark for each in SCORES])]
    return "\n".join([*features, *light, "@media screen and (prefers-color-scheme: dark) {", *dark, "}", ""])


def _levels(colours: Sequence[str]) -> list[str]:
    return [_rule(f"l{level}", colour, f" color: {ink_on(colour)};") for level, colour in enumerate(colours)]


def _rule(name: str, colour: str, more: str = "") -> str:
    return f".{name} {{ background: {colour};{more} }}"
