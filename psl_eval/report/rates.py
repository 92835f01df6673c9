"""Hit rates as the page shows them: by which settings, of which subsequences, and what chance has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.comparing.methods import read_rates, read_rates_manifest
from psl_eval.report.tracks import Key, Track
from psl_eval.results.schemas import PROTEINS, SCORED, SUMMARY
from psl_eval.statistics.confidence import CALIBRATION
from psl_index.errors import InputError

if TYPE_CHECKING:
    from psl_index.index import Index

#: Labels of which a protein has one, the first that there is.
_LABELS: Final = ("predicted", "true")
#: Settings of a manifest in the order of `Choices`.
_CHOSEN: Final = ("definition", "exclusion", "against", "evidence", "reviewed", "lineage", "denominator")


@dataclass(frozen=True, eq=False)
class Rates:
    """A folder of hit rates.

    Attributes
    ----------
    name : str
    manifest : mapping
    summary, calibration : pyarrow.Table
        As `pslidx hitrate` has written them.
    track : Track or None
        The subsequences that were scored, where they are among those given.
    against : str or None
        The label that rates are against: ``predicted``, or else ``true``; None where they are against each class in
        turn, so that a protein has many.
    scored : sequence of mapping
        Rows of `psl_eval.results.schemas.SCORED` of this label, or of all.
    of_proteins : mapping of str to float or None
        Hit rate of each protein; none where `against` is None.
    """

    name: str
    manifest: Mapping[str, Any]
    summary: pa.Table
    calibration: pa.Table
    track: Track | None
    against: str | None
    scored: Sequence[Mapping[str, Any]]
    of_proteins: Mapping[str, float | None]

    @property
    def choices(self) -> Choices:
        """The settings that say which entries count, and how much; nulls are left out, for they change neither."""
        choices = Choices(*(self.manifest[name] for name in _CHOSEN))
        return choices if self.against is None else replace(choices, against=self.against)

    @cached_property
    def of_subsequences(self) -> Mapping[Key, Mapping[str, Any]]:
        """Rows of `scored` by what they are of."""
        return {(row["query"], row["start"], row["end"]): row for row in self.scored}

    def is_of(self, index: Index) -> bool:
        """Whether these are the entries that were looked up."""
        digest: str = index.manifest.digest
        return bool(self.manifest["index"].get("digest") == digest)


def read_rates_of(name: str, folder: Path, tracks: Iterable[Track]) -> Rates:
    """Read a folder of hit rates; errors as of `psl_eval.comparing.methods.read_rates`."""
    manifest = read_rates_manifest(folder)
    missing = [name for name in _CHOSEN if name not in manifest]
    missing += [name for name in ("index", "subsequences") if not isinstance(manifest.get(name), dict)]
    if missing:
        problem = f"does not say {missing[0]!r}"
        raise InputError(problem, file=str(folder / "manifest.json"), remedy="write it again with pslidx hitrate -o")
    proteins = read_rates(folder, "proteins", PROTEINS).to_pylist()
    labels = {row["against"] for row in proteins}
    against = next((label for label in _LABELS if label in labels), None)
    scored = read_rates(folder, "subsequences", SCORED).to_pylist()
    digest = manifest["subsequences"].get("sha256")
    return Rates(
        name,
        manifest,
        read_rates(folder, "summary", SUMMARY),
        read_rates(folder, "calibration", CALIBRATION),
        next((track for track in tracks if track.record.sha256 == digest), None),
        against,
        [row for row in scored if against in (None, row["against"])],
        {row["query"]: row["hit_rate"] for row in proteins if row["against"] == against},
    )
