"""Mutation testing of psl_index: change the source in one small place, and see whether the tests notice.

The mutations are those of cosmic-ray (``pip install cosmic-ray``). It starts a Python for each, most of whose time
goes into importing Numba; here each mutant is a fork of a process that has imported all but the project, and its
source is replaced in memory. Kernels run without the jit, so each runs in seconds. `mutation.toml` says which tests
go with which modules, and what is left out because no test could notice. From the root of the repository::

    python tools/mutation.py --sample 200 location-grammar search store

A mutant that takes 10 seconds of processor time more than the tests do counts as killed, "hung" in the table. Prints
the table and each survivor; ends with 1 where fewer than 85 % were killed.
"""

from __future__ import annotations

import os

os.environ["NUMBA_DISABLE_JIT"] = "1"
os.environ["PSLIDX_EXAMPLES"] = "25"
os.environ["PSLIDX_DATA"] = "/nowhere"  # tests of real data are too slow here

import argparse
import ast
import difflib
import gc
import importlib
import importlib.machinery
import json
import random
import re
import resource
import signal
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _pytest.config import default_plugins

ROOT = Path(__file__).resolve().parent.parent
IMPORTED = (
    "numba",
    "numpy",
    "pyarrow.compute",
    "pyarrow.csv",
    "pyarrow.parquet",
    "duckdb",
    "isal.igzip",
    "hypothesis.extra.pytestplugin",
)
CPU_SECONDS = 10  # more than the tests take
WALL_SECONDS = 200  # only for what waits: the processor may be shared
MEMORY = 4 << 30  # beyond what is mapped already
ENOUGH = 0.85
HOLDS = "survived"
SCRATCH = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Mutant:
    """One mutation of one module."""

    module: str
    operator: str
    occurrence: int
    line: int


def main() -> None:
    with Path(__file__).with_suffix(".toml").open("rb") as file:
        config = tomllib.load(file)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("groups", nargs="*", default=list(config["groups"]), help="of modules, default: all")
    parser.add_argument("--sample", type=int, help="mutants per module at most, chosen at random; default: all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", type=Path, help="run only the survivors that an earlier --record has")
    parser.add_argument("--record", type=Path, help="append a JSON line for each mutant")
    parser.add_argument(
        "--report", type=Path, help="run nothing; print the table of a record, each mutant as it last was"
    )
    arguments = parser.parse_args()
    if arguments.report:
        report(arguments.report)
        return
    os.chdir(ROOT)
    sys.path[:0] = [str(ROOT), str(ROOT / "cli")]
    for name in (*IMPORTED, *(f"_pytest.{name}" for name in default_plugins)):
        importlib.import_module(name)
    gc.freeze()
    killed = total = 0
    for group in arguments.groups:
        tests = config["groups"][group]["tests"]
        for module in config["groups"][group]["modules"]:
            mutants = list(mutants_of(module, config["equivalent"]))
            if arguments.again is not None:
                chosen = [mutant for mutant in survivors(arguments.again) if mutant in mutants]
            else:
                chosen = sampled(mutants, arguments)
            outcomes = run_all(chosen, tests, arguments.record) if chosen else Counter()
            print(f"{module}: {len(mutants)} mutants, {len(chosen)} run, {dict(outcomes)}", flush=True)
            total += outcomes.total()
            killed += outcomes.total() - outcomes[HOLDS]
    print(f"killed {killed} of {total}: {killed / max(total, 1):.1%}")
    sys.exit(killed < ENOUGH * total)


def mutants_of(module: str, equivalent: list[dict[str, str]]) -> Iterator[Mutant]:
    """All mutations of a module but those in annotations and on lines that `equivalent` names."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    source = (ROOT / module).read_text()
    lines = source.splitlines()
    skipped = [re.compile(rule["line"]) for rule in equivalent if re.fullmatch(rule["module"], module)]
    annotations = list(_annotations(ast.parse(source)))
    nodes = list(ast_nodes(get_ast(source)))
    for name in operator_names():
        operator = get_operator(name)
        if operator.arguments() or _compares_identity(name):
            continue
        places = [(node, place) for node in nodes for place in operator().mutation_positions(node)]
        for occurrence, (node, (start, end)) in enumerate(places):
            in_annotation = any(first <= start and end <= last for first, last in annotations)
            in_signature = node.parent is not None and node.parent.type == "parameters"  # the star before keywords
            line = lines[start[0] - 1]
            if not in_annotation and not in_signature and not any(rule.search(line) for rule in skipped):
                yield Mutant(module, name, occurrence, start[0])


def _annotations(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    for node in ast.walk(tree):
        for name in ("annotation", "returns"):
            hint = getattr(node, name, None)
            if hint is not None:
                yield (hint.lineno, hint.col_offset), (hint.end_lineno, hint.end_col_offset)


def _compares_identity(operator: str) -> bool:
    """Whether a comparison of values becomes one of identities, which is the same for small numbers."""
    return operator.endswith(("_Is", "_IsNot")) and "_Is_" not in operator and "_IsNot_" not in operator


def sampled(mutants: list[Mutant], arguments: argparse.Namespace) -> list[Mutant]:
    if arguments.sample is None or len(mutants) <= arguments.sample:
        return mutants
    return random.Random(arguments.seed).sample(mutants, arguments.sample)


def report(record: Path) -> None:
    """Print how many mutants of each module were killed, and all survivors."""
    counts: dict[str, Counter[str]] = {}
    for mutant, (outcome, change) in sorted(
        last_outcomes(record).items(), key=lambda row: (row[0].module, row[0].line)
    ):
        counts.setdefault(mutant.module, Counter())[outcome] += 1
        if outcome == HOLDS:
            print(f"{mutant.module}:{mutant.line}", *(line[1:].strip() for line in change if line[0] == "+"))
    counts["all"] = sum(counts.values(), Counter())
    for module, outcomes in counts.items():
        killed = outcomes.total() - outcomes[HOLDS]
        print(f"{module}: {outcomes.total()} run, {outcomes['hung']} hung, {outcomes[HOLDS]} survived,", end=" ")
        print(f"{killed / outcomes.total():.1%} killed")


def survivors(record: Path) -> list[Mutant]:
    """Those that survived when they were last run."""
    return [mutant for mutant, (outcome, _) in last_outcomes(record).items() if outcome == HOLDS]


def last_outcomes(record: Path) -> dict[Mutant, tuple[str, list[str]]]:
    """How each mutant ended when it was last run, and its change."""
    outcomes = {}
    for row in map(json.loads, record.read_text().splitlines()):
        mutant = Mutant(row["module"], row["operator"], row["occurrence"], row["line"])
        outcomes[mutant] = row["outcome"], row["change"]
    return outcomes


def run_all(mutants: list[Mutant], tests: list[str], record: Path | None) -> Counter[str]:
    from cosmic_ray.mutating import mutate_code
    from cosmic_ray.plugins import get_operator

    module = mutants[0].module
    source = (ROOT / module).read_text()
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    if run(module, source, tests, 10 * CPU_SECONDS) != HOLDS:
        sys.exit(f"the tests of {module} fail without any mutation")
    limit = CPU_SECONDS + int(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    outcomes: Counter[str] = Counter()
    for mutant in mutants:
        mutated = mutate_code(source, get_operator(mutant.operator)(), mutant.occurrence)
        try:
            compile(mutated, module, "exec")
        except SyntaxError:
            continue
        outcome = run(module, mutated, tests, limit)
        outcomes[outcome] += 1
        change = [line for line in difflib.ndiff(source.splitlines(), mutated.splitlines()) if line[0] in "+-"]
        if outcome == HOLDS:
            print(f"  {module}:{mutant.line} {mutant.operator}", *change, sep="\n    ", flush=True)
        if record is not None:
            with record.open("a") as file:
                print(json.dumps(asdict(mutant) | {"outcome": outcome, "change": change}), file=file)
    return outcomes


def run(module: str, source: str, tests: list[str], seconds: int) -> str:
    """Run the tests with this source in place of the module's: survived, killed or hung."""
    child = os.fork()
    if child == 0:
        os.setsid()
        status = 3
        try:
            status = _test(str(ROOT / module), source, tests, seconds)
        finally:
            os._exit(status)
    deadline = time.monotonic() + WALL_SECONDS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "hung"
        time.sleep(0.02)
    code = os.waitstatus_to_exitcode(status)
    if code == -signal.SIGXCPU or code == -signal.SIGKILL:
        return "hung"
    return HOLDS if code == 0 else "killed"


def _test(path: str, source: str, tests: list[str], seconds: int) -> int:
    """In the child: import the changed module whenever it is imported, and run the tests in this process."""
    import pytest

    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    original = importlib.machinery.SourceFileLoader.get_code

    def get_code(self: importlib.machinery.SourceFileLoader, name: str) -> Any:
        return compile(source, path, "exec") if self.path == path else original(self, name)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]
    os.fsync = lambda fd: None  # no test here notices, but each waits
    with tempfile.TemporaryDirectory(dir=SCRATCH) as folder, open(os.devnull, "w") as nothing:
        if not os.environ.get("PSLIDX_SHOW"):
            os.dup2(nothing.fileno(), 1)
            os.dup2(nothing.fileno(), 2)
        options = ["-x", "-q", "-p", "no:cacheprovider", "--tb=short", f"--basetemp={folder}/tests"]
        tempfile.tempdir = folder
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is imported already
        return int(pytest.main([*options, *tests]))


if __name__ == "__main__":
    main()
