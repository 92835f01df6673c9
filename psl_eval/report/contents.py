"""What the sources of a report hold, and what belongs to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psl_eval.experiments.wording import counted
from psl_eval.report.explanations import Explanation, read_explanation
from psl_eval.report.predictions import Series, predictions_of, read_series
from psl_eval.report.rates import Rates, read_rates_of
from psl_eval.report.sources import Sources
from psl_eval.report.tracks import Track, read_track
from psl_index.classes import CLASSES
from psl_index.progress import Progress


@dataclass(frozen=True, eq=False)
class Contents:
    """Everything but experiments, which the page shows as they are.

    Attributes
    ----------
    explanations : sequence of Explanation
    tracks : sequence of Track
    rates : sequence of Rates
    series : sequence of Series
        Of explanations, where there are no predictions.
    """

    explanations: Sequence[Explanation]
    tracks: Sequence[Track]
    rates: Sequence[Rates]
    series: Sequence[Series]

    @property
    def queries(self) -> list[str]:
        """Proteins that are explained or predicted, in the order of the first table that has them."""
        queries = dict.fromkeys(query for each in self.explanations for query in each.proteins)
        return list(queries | dict.fromkeys(query for each in self.series for query in each.answers))

    @property
    def classes(self) -> list[str]:
        """Classes that are predicted, explained or true: the ten first, in their order, then others as they come."""
        known = dict.fromkeys(name for each in self.series for name in each.classes)
        for each in (*self.series, *predictions_of(self.explanations)):
            for answer in each.answers.values():
                known |= dict.fromkeys(sorted(answer.of_predicted | answer.of_true))
        return [*(name for name in CLASSES if name in known), *(name for name in known if name not in CLASSES)]

    @property
    def sequences(self) -> Mapping[str, str]:
        """The residues of each protein that is explained, as the first explanation has them."""
        return {query: of.sequence for each in reversed(self.explanations) for query, of in each.proteins.items()}

    @property
    def predicted_by(self) -> str:
        """Whose predictions are shown with a protein and judged, where it has them; empty where there are none."""
        names = [*(each.name for each in self.explanations), *(each.name for each in self.series)]
        return names[0] if names else ""

    def track_of(self, explanation: Explanation) -> Track | None:
        """The first table of subsequences that were taken from an explanation."""
        return next((each for each in self.tracks if each.explanation == explanation.name), None)

    def rates_of(self, track: Track | None) -> Rates | None:
        """The first hit rates of a table of subsequences that give each one rate."""
        fit = (each for each in self.rates if track is not None and each.track is track and each.against is not None)
        return next(fit, None)

    def unplaced(self) -> Iterator[str]:
        """What has no place in the view of proteins, a sentence each."""
        for each in self.explanations:
            if each.passed_over:
                rows = counted(each.passed_over, "row")
                yield f"{each.name}: {rows} passed over, of other targets of proteins that are shown with one already"
        shown = [self.track_of(each) for each in self.explanations]
        rated = [self.rates_of(track) for track in shown]
        for track in self.tracks:
            if track.skipped is not None:
                yield f"{track.name}: {track.skipped}"
            if track.explanation is None:
                yield f"{track.name}: of none of the explanations, so they are underlined nowhere"
            elif track not in shown:
                yield f"{track.name}: another table of {track.explanation} is underlined, so these are in tables only"
        for rates in self.rates:
            if rates.track is None:
                yield f"{rates.name}: not of the subsequences that are given, so they are in tables only"
            elif rates.against is None:
                yield f"{rates.name}: against each class in turn, so they are in tables only"
            elif rates not in rated and rates.track in shown:
                yield f"{rates.name}: other hit rates of the same subsequences are shown with the proteins"


def read_contents(sources: Sources, report: Callable[[Progress], None]) -> Contents:
    """Read all tables; errors as of those who read each."""
    kinds = (sources.attributions, sources.subsequences, sources.hit_rates, sources.predictions)
    total = sum(map(len, kinds))
    done = 0

    def each(of_kind: Mapping[str, Path]) -> Sequence[tuple[str, Path]]:
        nonlocal done
        report(Progress("reading", done, total, "files"))
        done += len(of_kind)
        return list(of_kind.items())

    explanations = [read_explanation(name, path) for name, path in each(sources.attributions)]
    tracks = [read_track(name, path, explanations) for name, path in each(sources.subsequences)]
    rates = [read_rates_of(name, path, tracks) for name, path in each(sources.hit_rates)]
    series = [read_series(name, path) for name, path in each(sources.predictions)]
    report(Progress("reading", done, total, "files"))
    return Contents(explanations, tracks, rates, series or predictions_of(explanations))
