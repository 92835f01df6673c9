"""Formats in which tables of results are written."""

from typing import Final

FORMATS: Final = ("tsv", "jsonl", "parquet")
