"""Explanations with all that belongs to them: subsequences, hit rates, and the entries that hold them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.queries.proteins import Proteins
from psl_eval.report.contents import Contents
from psl_eval.report.data_folder import DataFolder
from psl_eval.report.entries import Held, held_by
from psl_eval.report.explanations import Explanation
from psl_eval.report.proteins import Shown
from psl_eval.report.rates import Rates
from psl_eval.report.tables import Names
from psl_eval.report.tracks import Key, Track
from psl_eval.run import Run
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index.errors import InputError, UsageError
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_index.index import Index


@dataclass(frozen=True)
class LookUp:
    """Where entries are looked up.

    Attributes
    ----------
    index : Index or None
        Without one no entries are shown.
    clusters, training : str or None
        Files for the exclusions ``cluster`` and ``train``, those that the hit rates were given.
    """

    index: Index | None
    clusters: str | None = None
    training: str | None = None

    def reason_against(self, rates: Rates | None) -> str | None:
        """Why entries cannot be shown as hit rates have counted them; None where they can."""
        if self.index is None:
            return "there is no index to look them up in"
        if rates is None:
            return None
        if not rates.is_of(self.index):
            return "its hit rates are of another index"
        if DEFINITIONS[rates.choices.definition].credited:
            return f"an entry counts once for a protein by the definition {rates.choices.definition!r}"
        return None


def shown_of(
    contents: Contents,
    look_up: LookUp,
    folder: DataFolder,
    names: Names,
    warn: Callable[[str], None],
    report: Callable[[Progress], None],
) -> list[Shown]:
    """Every explanation with what belongs to it; occurrences are written to the folder, too.

    Raises
    ------
    UsageError
        Hit rates leave out relatives or training proteins, and the file that says which is not given.
    InputError
        It is another file than the hit rates were given.
    """
    shown = []
    for done, explanation in enumerate(contents.explanations):
        report(Progress("looking up subsequences", done, len(contents.explanations), "explanations"))
        track = contents.track_of(explanation)
        rates = contents.rates_of(track)
        held: dict[Key, Held] = {}
        if track is not None:
            against = look_up.reason_against(rates)
            if against is None:
                held = _held(explanation, track, rates, look_up, folder, names.of("occurrences", explanation.name))
            else:
                warn(f"{track.name}: the entries that hold these subsequences are not shown, for {against}")
        shown.append(Shown(explanation, track, rates, held))
    report(Progress("looking up subsequences", len(shown), len(shown), "explanations"))
    return shown


#: Exclusions that take a file, and the name of that.
_NEEDED: Final = {"cluster": "clusters", "train": "training"}


def _held(
    explanation: Explanation, track: Track, rates: Rates | None, look_up: LookUp, folder: DataFolder, name: str
) -> dict[Key, Held]:
    assert look_up.index is not None
    choices = Choices() if rates is None else rates.choices
    rows = track.of_proteins(explanation.proteins)
    if not len(rows):
        return {}
    run = Run(
        look_up.index,
        rows,
        choices,
        proteins=_proteins(explanation, track) if rates is None or rates.manifest.get("proteins") else None,
        clusters=_file(rates, "clusters", look_up.clusters),
        training=_file(rates, "training", look_up.training),
    )
    if rates is not None:
        _check_same_files(rates, run.manifest)
    hits = folder.passing(name, run.hits())
    return dict(held_by(hits, weighted=DEFINITIONS[choices.definition].near))


def _file(rates: Rates | None, name: str, given: str | None) -> str | None:
    """The file that an exclusion needs; None where it needs none."""
    if rates is None or _NEEDED.get(rates.choices.exclude) != name:
        return None
    if given is None:
        record = rates.manifest.get(name) or {}
        raise UsageError(
            f"the hit rates {rates.name!r} leave out entries by a file ({record.get('name', 'not known')})",
            remedy=f"name it with --{name}",
        )
    return given


def _check_same_files(rates: Rates, manifest: Mapping[str, Any]) -> None:
    for name in _NEEDED.values():
        given, expected = manifest.get(name), rates.manifest.get(name)
        if given and expected and given["sha256"] != expected["sha256"]:
            problem = f"is not the file that the hit rates {rates.name!r} were given ({expected['name']})"
            raise InputError(problem, file=given["name"], remedy=f"name that one with --{name}")


def _proteins(explanation: Explanation, track: Track) -> Proteins:
    """The proteins that are explained; hit rates have had theirs from a file."""
    names = pa.array(explanation.proteins, pa.string())
    sequences = pa.array([each.sequence for each in explanation.proteins.values()], pa.large_string())
    return Proteins(names, sequences, True, str(track.path), track.record)
