"""Whether and how a build continues one that was cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from psl_index.checkpoints import FinishedShard, Plan, continued, drop, take_over, why_not_continued


class Resumption:
    """The finished shards of a build that was cut off, for the one that continues it.

    Parameters
    ----------
    plan : Plan
        Of the build that continues, as the user asks for it.
    notice : callable
        Told in a line what was found.
    report : callable
        Told bytes checked and bytes in all.

    Attributes
    ----------
    plan : Plan
        The same; with shards of the size of those that are continued, where the user does not ask for one.
    finished : dict
        The shards that need not be made again, by number.
    """

    def __init__(self, plan: Plan, notice: Callable[[str], None], report: Callable[[int, int], None]) -> None:
        self.finished: dict[int, FinishedShard] = {}
        self.plan = plan
        self._notice = notice
        self._report = report
        self._why_not = "no build was cut off here"

    def continues(self, left: Path) -> bool:
        """Whether this build can continue the one that left the folder `left`; see `why_not_continued`."""
        why_not = why_not_continued(left, self.plan)
        self._why_not = why_not or "no finished shard is sound"
        if why_not is None:
            self.plan = continued(left, self.plan)
        return why_not is None

    def take_over(self, folder: Path) -> None:
        """Look for finished shards in the building folder, and say what there is."""
        self.finished = take_over(folder, self._notice, self._report)
        if self.finished:
            entries = sum(shard.record.entries for shard in self.finished.values())
            self._notice(f"resuming: {len(self.finished)} shards with {entries:,} entries are finished")
        else:
            self._notice(f"nothing to resume ({self._why_not}): building from the start")

    def drop_from(self, folder: Path, number: int) -> None:
        """Give up shard `number` and those after it: they do not hold what the sources say.

        What this build has finished before is finished, too.
        """
        self._notice(f"the sources say something else in shard {number} now: it and those after it are built again")
        for later in [later for later in self.finished if later >= number]:
            drop(folder, later)
        self.finished = take_over(folder, self._notice, self._report)
