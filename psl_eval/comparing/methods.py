"""Folders of hit rates read back, each as what one attribution method scored."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from psl_eval.results.formats import FORMATS
from psl_eval.results.schemas import KIND
from psl_index.errors import InputError

PROTEIN_COLUMNS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("class", pa.string()),
        pa.field("against", pa.string(), nullable=False),
        pa.field("hit_rate", pa.float64()),
        pa.field("correct", pa.bool_()),
        pa.field("cluster", pa.int64()),
    ]
)
"""What is read of `psl_eval.results.schemas.PROTEINS`."""

SUBSEQUENCE_COLUMNS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("against", pa.string(), nullable=False),
        pa.field("hit_rate", pa.float64()),
    ]
)
"""What is read of `psl_eval.results.schemas.SCORED`."""


@dataclass(frozen=True)
class Method:
    """What `psl_eval.write_hit_rates` wrote for one method.

    Attributes
    ----------
    name : str
    folder : str
        As the user named it.
    manifest : dict
    proteins : pyarrow.Table
        Columns of `PROTEIN_COLUMNS`.
    subsequences : pyarrow.Table
        Columns of `SUBSEQUENCE_COLUMNS`.
    """

    name: str
    folder: str
    manifest: Mapping[str, Any]
    proteins: pa.Table
    subsequences: pa.Table


def read_method(folder: str | os.PathLike[str], name: str | None = None) -> Method:
    """Read a folder of hit rates, its tables in any of the formats; `name` is the folder's own unless given.

    Raises
    ------
    InputError
        It holds no hit rates, a table is missing, damaged or without a needed column.
    """
    path = Path(folder)
    return Method(
        name or Path(os.path.realpath(path)).name,
        str(folder),
        read_rates_manifest(path),
        read_rates(path, "proteins", PROTEIN_COLUMNS),
        read_rates(path, "subsequences", SUBSEQUENCE_COLUMNS),
    )


def named(text: str) -> tuple[str | None, str]:
    """Name and folder of ``NAME=DIR``; no name where `text` is a folder, or what is before the ``=`` has a slash."""
    name, equals, folder = text.partition("=")
    if not equals or not name or "/" in name or Path(text).is_dir():
        return None, text
    return name, folder


_AGAIN: Final = "write it again with pslidx hitrate -o"


def read_rates_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a folder of hit rates; InputError where there is none."""
    place = str(folder / "manifest.json")
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
    except OSError as error:
        raise InputError(
            f"expected a folder of hit rates ({error.strerror})", file=place, remedy="name what hitrate -o made"
        ) from None
    except (ValueError, RecursionError):
        raise InputError("damaged: no JSON", file=place, remedy=_AGAIN) from None
    if not isinstance(manifest, dict) or manifest.get("format") != KIND:
        raise InputError(f"expected {KIND!r} as its format", file=place, remedy="name what hitrate -o made")
    return manifest


def read_rates(folder: Path, name: str, schema: pa.Schema) -> pa.Table:
    """A table of a folder of hit rates, in any of the formats; `schema` has the columns that are read.

    Raises
    ------
    InputError
        It is missing, there in two formats, damaged, or without a column.
    """
    paths = [folder / f"{name}.{format}" for format in FORMATS if (folder / f"{name}.{format}").is_file()]
    if len(paths) != 1:
        found = "several" if paths else "none"
        raise InputError(f"expected one table {name}.{{{','.join(FORMATS)}}}, found {found}", file=str(folder))
    place = str(paths[0])
    try:
        table = _READERS[paths[0].suffix[1:]](paths[0], schema)
        missing = [column for column in schema.names if column not in table.column_names]
        if missing:
            raise InputError(f"no column {missing[0]!r}", file=place, remedy=_AGAIN)
        return table.select(schema.names).cast(schema)
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=place) from None
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"damaged ({' '.join(str(error).split())})", file=place, remedy=_AGAIN) from None


def _read_tsv(path: Path, schema: pa.Schema) -> pa.Table:
    # Read as the encoder of TSV writes: no quoting, no escaping, a missing value is an empty field.
    with path.open(encoding="utf-8", newline="\n") as file:
        header = file.readline().rstrip("\n").split("\t")
    return pa.csv.read_csv(
        path,
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(delimiter="\t", quote_char=False),
        convert_options=pa.csv.ConvertOptions(
            column_types={field.name: field.type for field in schema},
            include_columns=[column for column in schema.names if column in header],
            null_values=[""],
            strings_can_be_null=True,
            true_values=["true"],
            false_values=["false"],
        ),
    )


def _read_jsonl(path: Path, schema: pa.Schema) -> pa.Table:
    with path.open("rb") as file:
        first = file.readline()
    if not first:
        return schema.empty_table()
    table = pa.json.read_json(
        path,
        read_options=pa.json.ReadOptions(use_threads=False),
        parse_options=pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
    )
    # A column that is nowhere comes as nulls; each line that is written has them all.
    return table.select([column for column in table.column_names if column in json.loads(first)])


def _read_parquet(path: Path, schema: pa.Schema) -> pa.Table:
    return pa.parquet.read_table(path, columns=schema.names)


_READERS: Final[Mapping[str, Callable[[Path, pa.Schema], pa.Table]]] = {
    "tsv": _read_tsv,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}
