"""Folders of hit rates read back: the same from each format, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from psl_eval.comparing.methods import PROTEIN_COLUMNS, SUBSEQUENCE_COLUMNS, named, read_method
from psl_index.errors import InputError
from tests.result_folders import MANIFEST, Protein, write_folder

PROTEINS = [
    Protein('a "b"', [(5, 1 / 3, 0.0), (12, None, None)], cluster=7),
    Protein("é,1", [(6, 0.1, 1e-300)], true=None),
    Protein("12", [(1, 1.0, 1.0)], true="Plastid"),
]


@pytest.mark.parametrize("format", ["tsv", "jsonl", "parquet"])
def test_each_format_reads_back_as_it_was(tmp_path: Path, format: str) -> None:
    method = read_method(write_folder(tmp_path / "lstm", PROTEINS, format=format))
    assert (method.name, method.folder, method.manifest) == ("lstm", str(tmp_path / "lstm"), MANIFEST)
    assert method.proteins.schema == PROTEIN_COLUMNS
    assert method.proteins.to_pylist()[1:4] == [
        {"query": 'a "b"', "class": "Nucleus", "against": "true", "hit_rate": 0.0, "correct": True, "cluster": 7},
        {
            "query": "é,1",
            "class": "Nucleus",
            "against": "predicted",
            "hit_rate": 0.1,
            "correct": None,
            "cluster": None,
        },
        {"query": "é,1", "class": None, "against": "true", "hit_rate": 1e-300, "correct": None, "cluster": None},
    ]
    assert method.subsequences.schema == SUBSEQUENCE_COLUMNS
    assert method.subsequences.to_pylist()[:2] == [
        {"query": 'a "b"', "subsequence": "AAAAA", "against": "predicted", "hit_rate": 1 / 3},
        {"query": 'a "b"', "subsequence": "AAAAAAAAAAAA", "against": "predicted", "hit_rate": None},
    ]


@pytest.mark.parametrize("format", ["tsv", "jsonl", "parquet"])
def test_a_folder_without_rows_is_read(tmp_path: Path, format: str) -> None:
    method = read_method(write_folder(tmp_path / "empty", [], format=format), "name")
    assert (method.name, len(method.proteins), len(method.subsequences)) == ("name", 0, 0)


@pytest.mark.parametrize("format", ["tsv", "jsonl", "parquet"])
def test_a_damaged_table_is_refused_by_name(tmp_path: Path, format: str) -> None:
    folder = write_folder(tmp_path / "lstm", PROTEINS, format=format)
    path = folder / f"proteins.{format}"
    path.write_bytes(path.read_bytes().replace(b"0.1", b"{{{") if format != "parquet" else path.read_bytes()[:-9])
    with pytest.raises(InputError, match=rf"proteins\.{format}: damaged \(.+\); write it again with pslidx hitrate"):
        read_method(folder)


@pytest.mark.parametrize("format", ["tsv", "jsonl"])
def test_a_table_of_an_earlier_version_lacks_a_column(tmp_path: Path, format: str) -> None:
    folder = write_folder(tmp_path / "old", PROTEINS, format=format)
    path = folder / f"proteins.{format}"
    path.write_text(path.read_text().replace("cluster", "clan"))
    with pytest.raises(InputError, match=rf"proteins\.{format}: no column 'cluster'; write it again"):
        read_method(folder)


def test_text_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "latin", PROTEINS)
    path = folder / "proteins.tsv"
    path.write_bytes(path.read_text().encode("latin-1"))
    with pytest.raises(InputError, match=r"proteins\.tsv: damaged"):
        read_method(folder)


def test_what_is_no_folder_of_hit_rates_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none/manifest.json: expected a folder of hit rates \(No such file"):
        read_method(tmp_path / "none")
    folder = write_folder(tmp_path / "lstm", PROTEINS)
    (folder / "subsequences.tsv").rename(folder / "subsequences.csv")
    with pytest.raises(InputError, match=r"lstm: expected one table subsequences\.\{tsv,jsonl,parquet\}, found none"):
        read_method(folder)
    (folder / "subsequences.csv").rename(folder / "subsequences.tsv")
    (folder / "proteins.jsonl").touch()
    with pytest.raises(InputError, match=r"expected one table proteins.*, found several"):
        read_method(folder)
    (folder / "manifest.json").write_text('{"format": "pslidx index"}')
    with pytest.raises(InputError, match=r"manifest\.json: expected 'pslidx hit rates' as its format"):
        read_method(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(InputError, match=r"manifest\.json: damaged: no JSON"):
        read_method(folder)


def test_a_name_stands_before_an_equals_sign_unless_that_is_part_of_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "seed=230").mkdir()
    assert named("rates") == (None, "rates")
    assert named("lstm=runs/seed=1") == ("lstm", "runs/seed=1")
    assert named("runs/seed=1") == (None, "runs/seed=1")
    assert named("seed=230") == (None, "seed=230")
    assert named("=rates") == (None, "=rates")
