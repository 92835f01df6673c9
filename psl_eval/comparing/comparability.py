"""Whether the hit rates of several methods may be compared at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.comparing.methods import Method
from psl_index.errors import UsageError


def check_comparable(methods: Sequence[Method]) -> None:
    """Refuse methods that were not scored alike.

    Everything that their manifests state must agree (definition, exclusion, digest of the index, digest of the
    proteins, policies), but for what belongs to the method: its subsequences, and the labels they are scored against.
    Queries must be the same proteins in all: numbers are, where they count the same file of proteins.
    A query that several have must be of one true class in all. (The predicted one may differ: an altered network
    predicts something else.)

    Raises
    ------
    UsageError
        With the folder, what differs and how; also for fewer than two methods, or two of one name.
    """
    if len(methods) < 2:
        raise UsageError("expected two or more folders of hit rates to compare")
    names = [method.name for method in methods]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two methods have the name {name!r}", remedy="name them: NAME=DIR")
    for method in methods:
        _check_identified(method)
    for method in methods[1:]:
        _check_conditions(method, methods[0])
    for number, method in enumerate(methods):
        for other in methods[:number]:
            _check_labels(method, other)


def common_labels(methods: Sequence[Method]) -> list[str]:
    """The labels that all methods were scored against, in the order of the first.

    Raises
    ------
    UsageError
        There is none.
    """
    labels = [_labels(method) for method in methods]
    common = [label for label in labels[0] if all(label in others for others in labels)]
    if not common:
        stated = "; ".join(f"{method.name}: {', '.join(of)}" for method, of in zip(methods, labels, strict=True))
        raise UsageError(f"no label that all were scored against ({stated})", remedy="score with --against both")
    return common


def differences(methods: Sequence[Method]) -> Iterator[str]:
    """What a reader of the comparison must know: labels and proteins that some methods lack, a line each."""
    common = common_labels(methods)
    for method in methods:
        for label in _labels(method):
            if label not in common:
                yield f"left out what {method.name} has against {label}: not all were scored against it"
    first = methods[0]
    for method in methods[1:]:
        for one, other in ((first, method), (method, first)):
            queries = pc.unique(one.proteins["query"])
            alone = queries.filter(pc.invert(pc.is_in(queries, pc.unique(other.proteins["query"]))))
            if len(alone):
                yield f"proteins of {one.name} that {other.name} lacks: {len(alone):,}, such as {alone[0].as_py()!r}"
        both = _shared_proteins(method, first)
        both = both.filter(pc.equal(both["against"], "predicted"))
        unlike = both.filter(pc.not_equal(both["class"], both["class_there"]))
        if len(unlike):
            yield (
                f"proteins that {first.name} and {method.name} predict differently: {len(unlike):,} of {len(both):,}; "
                "left out of the comparison against the predicted class"
            )


# What may differ: what belongs to the method, counts of it, and what is about its null models and intervals.
_FREE: Final = (
    "format_version",
    "tools",
    "against",
    "subsequences",
    "excluded",
    "nulls",
    "draws",
    "resamples",
    "seed",
)
# What a digest settles, whatever the file was called.
_SETTLED: Final = {"index": "digest", "proteins": "sha256", "clusters": "sha256", "training": "sha256"}


def _labels(method: Method) -> list[str]:
    labels: list[str] = pc.unique(method.proteins["against"]).to_pylist()
    return labels


def _check_identified(method: Method) -> None:
    """Refuse queries that are the numbers of proteins in a file nobody has named."""
    subsequences = method.manifest.get("subsequences")
    queries_are = subsequences.get("queries_are") if isinstance(subsequences, Mapping) else None
    if queries_are == "numbered" and method.manifest.get("proteins") is None:
        raise UsageError(
            "queries are numbers here, and nothing says of which proteins",
            file=method.folder,
            remedy="score all methods with --proteins",
        )


def _check_conditions(method: Method, first: Method) -> None:
    ours, theirs = _conditions(method.manifest), _conditions(first.manifest)
    for name in sorted(ours.keys() | theirs.keys()):
        here, there = ours.get(name), theirs.get(name)
        if here != there:
            raise UsageError(
                f"{name} is {_shown(here)} here, but {_shown(there)} in {first.folder}",
                file=method.folder,
                remedy="score all methods alike",
            )


def _conditions(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What must agree, by dotted name; absent is as good as null."""
    conditions: dict[str, Any] = {}
    for name, value in manifest.items():
        if name in _FREE:
            continue
        if name in _SETTLED and isinstance(value, dict):
            conditions[f"{name}.{_SETTLED[name]}"] = value.get(_SETTLED[name])
        elif isinstance(value, dict):
            conditions |= {f"{name}.{inner}": part for inner, part in value.items()}
        else:
            conditions[name] = value
    return {name: value for name, value in conditions.items() if value is not None}


def _shown(value: Any) -> str:
    text = "not set" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:16]}..."


def _check_labels(method: Method, other: Method) -> None:
    """Refuse a protein whose true class is not the same in both, or correct in one and wrong in the other."""
    both = _shared_proteins(method, other)
    here, there = both["class"], both["class_there"]
    same_class = pc.or_kleene(pc.equal(here, there), pc.and_(pc.is_null(here), pc.is_null(there)))
    same_class = pc.fill_null(same_class, False)
    is_true = pc.equal(both["against"], "true")
    same_correct = pc.fill_null(pc.equal(both["correct"], both["correct_there"]), True)
    for name, unlike in (
        ("true class", pc.and_(is_true, pc.invert(same_class))),
        ("correct", pc.and_(pc.and_(pc.invert(is_true), same_class), pc.invert(same_correct))),
    ):
        column = name.split()[-1]
        for row in both.filter(unlike).sort_by("query").slice(0, 1).to_pylist():
            raise UsageError(
                f"{name} of query {row['query']!r} is {row[column]} here, but {row[f'{column}_there']} in "
                f"{other.folder}",
                file=method.folder,
                remedy="score all methods with the same labels",
            )


def _shared_proteins(method: Method, other: Method) -> pa.Table:
    """Rows of proteins and labels that both have: query, against, and class and correct of both."""
    columns = ["query", "against", "class", "correct"]
    return method.proteins.select(columns).join(
        other.proteins.select(columns),
        keys=["query", "against"],
        join_type="inner",
        right_suffix="_there",
        use_threads=False,
    )
