"""What a build has finished so far, kept in its folder: another one can continue it when it was cut off.

Each finished shard has a record beside its folder, written once all its files are on disk; a record of the build says
what the bytes of the shards follow from, but for the contents of the sources. All carry a digest of what they say.
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Final

from psl_index.durable import sync_folder, write_durably
from psl_index.errors import InvalidIndexError, UsageError
from psl_index.manifest import ShardRecord, canonical, digest_of, shard_record
from psl_index.sections import file_digest, open_section
from psl_index.shard_order import ShardDraft

_BUILD: Final = "build.json"
_BUILD_KIND: Final = "pslidx build"
_SHARD_KIND: Final = "pslidx finished shard"


@dataclass(frozen=True)
class Plan:
    """What the shards of a build follow from, but for the contents of the sources; JSON values."""

    versions: Mapping[str, Any]  # of the program, what it stands on, and what it writes
    capacity: int  # residues in a shard, at most
    shard_residues: int | None  # the same where the user asked for it; else it follows from the memory
    columns: Mapping[str, str] | None
    skip_bad: bool  # whether bad entries are passed over
    sources: list[str]  # base names
    sizes: list[int | None]  # of the sources; None where it is not known


@dataclass(frozen=True)
class FinishedShard:
    """One shard that is complete and on disk."""

    record: ShardRecord
    contents: str  # digest of what its entries say, see `ShardContents.digest`


def shard_name(number: int) -> str:
    """Name of the folder of a shard; they count from 0."""
    return f"shard-{number:04d}"


def record_name(shard: str) -> str:
    """Name of the record of a shard, beside its folder."""
    return f"{shard}.json"


def is_record(path: Path) -> bool:
    """Whether a file is one of the records that builds write, or was before it was damaged."""
    kind = _BUILD_KIND if path.name == _BUILD else _SHARD_KIND
    try:
        return path.suffix == ".json" and kind.encode() in path.read_bytes()
    except (FileNotFoundError, IsADirectoryError):  # a build may have removed it just now
        return False


def write_plan(folder: Path, plan: Plan) -> None:
    """Say in a new building folder what is built there."""
    write_durably(folder / _BUILD, _sealed({"format": _BUILD_KIND} | asdict(plan)))


def note_finished(folder: Path, draft: ShardDraft, record: ShardRecord) -> None:
    """Write the record of a shard whose files are complete and on disk."""
    sync_folder(folder / record.folder)
    sync_folder(folder)
    body = {"format": _SHARD_KIND, "record": asdict(record), "contents": draft.contents}
    write_durably(folder / record_name(record.folder), _sealed(body))


def has_finished_shards(folder: Path) -> bool:
    """Whether there is something to continue in a building folder."""
    return any(folder.glob("shard-*.json"))


def why_not_continued(folder: Path, plan: Plan) -> str | None:
    """Why the shards finished in `folder` are of no use for `plan`; None where they are.

    Raises
    ------
    UsageError
        The user asks for something else than then. Nobody would want finished shards to go because of a slip.
    """
    if not has_finished_shards(folder):
        return "no shard was finished"
    before = _read_plan(folder)
    if before is None:
        return "the record of the build that was cut off is damaged"
    for name, version in plan.versions.items():
        if before.versions.get(name) != version:
            return f"{name} has another version now"
    for then, now in zip(_choices(before), _choices(_with_size_of(before, plan)), strict=True):
        if then != now:
            raise UsageError(
                f"cannot resume: the build that was cut off had {then}, this one has {now}",
                file=str(folder.parent),
                remedy="ask for the same, or leave out --resume to build from the start",
            )
    for name, then_size, now_size in zip(plan.sources, before.sizes, plan.sizes, strict=True):
        if then_size != now_size:
            return f"{name} has another size now"
    return None


def continued(folder: Path, plan: Plan) -> Plan:
    """`plan` with shards of the size of those finished in `folder`, where the user does not ask for one.

    What a machine's memory would make of it is no wish, and another machine may continue. `why_not_continued` must
    have found nothing.
    """
    before = _read_plan(folder)
    assert before is not None
    return _with_size_of(before, plan)


def take_over(
    folder: Path, notice: Callable[[str], None], report: Callable[[int, int], None]
) -> dict[int, FinishedShard]:
    """The finished shards of a building folder, by number, after every byte of theirs was checked.

    All else goes: what is half done, and shards that are damaged, of which `notice` is told. `report` gets bytes
    checked and bytes in all.
    """
    read = {path: _read(path, _SHARD_KIND) for path in sorted(folder.glob("shard-*.json"))}
    shards = {
        int(path.stem.removeprefix("shard-")): FinishedShard(shard_record(body["record"]), body["contents"])
        for path, body in read.items()
        if body is not None
    }
    problems = [InvalidIndexError("is damaged", file=str(path)) for path, body in read.items() if body is None]
    total = sum(shard.record.n_bytes for shard in shards.values())
    done = 0
    for number, shard in list(shards.items()):
        damage = _damage(folder / shard.record.folder, shard.record)
        if damage is not None:
            problems.append(damage)
            del shards[number]
        done += shard.record.n_bytes
        report(done, total)
    for problem in problems:
        notice(f"{problem.file} {problem.problem}: its shard is built again")
    kept = {_BUILD} | {name for shard in map(shard_name, shards) for name in (shard, record_name(shard))}
    for path in folder.iterdir():
        if path.name in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return shards


def drop(folder: Path, number: int) -> None:
    """Remove a finished shard, its record first."""
    (folder / record_name(shard_name(number))).unlink(missing_ok=True)
    shutil.rmtree(folder / shard_name(number))


def _choices(plan: Plan) -> tuple[str, ...]:
    """What the user chose, in the words of the command line."""
    columns = ",".join(f"{name}={column}" for name, column in sorted((plan.columns or {}).items()))
    return (
        f"the sources {shlex.join(plan.sources)}",
        f"--shard-residues {plan.capacity}",
        f"--columns {shlex.quote(columns)}" if plan.columns else "no --columns",
        "--skip-bad" if plan.skip_bad else "no --skip-bad",
    )


def _with_size_of(before: Plan, plan: Plan) -> Plan:
    if plan.shard_residues is not None:
        return plan
    return replace(plan, capacity=before.capacity, shard_residues=before.shard_residues)


def _read_plan(folder: Path) -> Plan | None:
    body = _read(folder / _BUILD, _BUILD_KIND)
    if body is None or body.keys() != {"format"} | {field.name for field in fields(Plan)}:
        return None
    del body["format"]
    return Plan(**body)


def _damage(folder: Path, record: ShardRecord) -> InvalidIndexError | None:
    """What is wrong with the files of a shard."""
    try:
        for section in record.sections.values():
            open_section(folder, section)
    except InvalidIndexError as error:
        return error
    for file, skip, _, digest in record.files():
        path = folder / file
        if not path.exists() or file_digest(path, skip) != digest:
            return InvalidIndexError("is damaged (wrong digest)", file=str(path))
    return None


def _sealed(body: dict[str, Any]) -> bytes:
    return canonical(body | {"digest": digest_of(body)})


def _read(path: Path, kind: str) -> dict[str, Any] | None:
    """What one of our records says, None where it is not there or damaged."""
    try:
        written = path.read_bytes()
        body = json.loads(written)
    except (FileNotFoundError, ValueError, RecursionError):
        return None
    if not isinstance(body, dict) or body.get("format") != kind:
        return None
    body.pop("digest", None)
    return body if written == _sealed(body) else None
