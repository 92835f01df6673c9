"""What lies in folders, told by content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from psl_eval.report.sources import find_sources
from psl_index.errors import InputError


def test_everything_in_a_folder_is_found_by_what_it_is(results: Path) -> None:
    found = find_sources([str(results)])
    assert list(found.predictions) == ["learned", "permuted"]
    assert list(found.attributions) == ["attention", "gradients"]
    assert list(found.subsequences) == ["attention-subsequences", "gradients-subsequences"]
    assert list(found.hit_rates) == ["attention-rates", "gradients-rates"]
    assert list(found.experiments) == ["ground-truth"]
    assert (list(found.models), list(found.indexes), found.passed_over) == (["model"], ["index"], {})


def test_content_counts_and_names_do_not(results: Path, tmp_path: Path) -> None:
    shutil.copy(results / "learned.tsv", tmp_path / "attention.csv.tsv")
    shutil.copy(results / "attention.parquet", tmp_path / "predictions.parquet")
    found = find_sources([str(tmp_path)])
    assert (list(found.predictions), list(found.attributions)) == (["attention.csv"], ["predictions"])


def test_a_name_may_be_given_and_a_file_may_hold_an_equals_sign(results: Path, tmp_path: Path) -> None:
    shutil.copy(results / "learned.tsv", tmp_path / "a=b.tsv")
    found = find_sources([f"mine={results / 'learned.tsv'}", str(tmp_path / "a=b.tsv")])
    assert list(found.predictions) == ["mine", "a=b"]


def test_two_of_one_name_are_told_apart_by_their_folders(results: Path, tmp_path: Path) -> None:
    for name in ("one", "two", "two/three"):
        (tmp_path / name).mkdir()
        shutil.copy(results / "learned.tsv", tmp_path / name)
    (tmp_path / "four" / "two").mkdir(parents=True)
    shutil.copy(results / "learned.tsv", tmp_path / "four" / "two")
    places = [tmp_path / name for name in ("one", "two", "two/learned.tsv", "four/two/learned.tsv")]
    found = find_sources([str(place) for place in places])
    assert list(found.predictions) == ["learned", "two/learned", "three/learned", "two/learned 2"]
    assert list(found.predictions.values())[3] == places[3]  # the third is the one found before


def test_what_is_nothing_is_passed_over_and_named(results: Path, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text("a\tb\n1\t2\n")
    (tmp_path / "empty.tsv").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("not a table\n")
    (tmp_path / ".hidden.tsv").write_text("a\tb\n")
    (tmp_path / "parts").mkdir()
    shutil.copy(results / "learned.tsv", tmp_path / "parts")
    found = find_sources([str(results / "learned.tsv"), str(tmp_path)])
    assert list(found.passed_over) == [tmp_path / "empty.tsv", tmp_path / "list.tsv"]
    assert list(found.predictions) == ["learned"]


def test_the_folder_of_an_earlier_report_is_none_of_the_results(results: Path, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"format": "pslidx report data"}')
    shutil.copy(results / "learned.tsv", tmp_path)
    found = find_sources([str(results), str(tmp_path)])
    assert (list(found.predictions), found.passed_over) == (["learned", "permuted"], {})


@pytest.mark.parametrize("place", ["nowhere", "name=nowhere"])
def test_a_file_that_is_not_there_is_an_error(place: str) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such file or folder"):
        find_sources([place])


def test_a_folder_with_nothing_to_show_is_an_error(results: Path) -> None:
    with pytest.raises(InputError, match="nothing in it that a report can show; name what predict"):
        find_sources([str(results / "index")])


def test_a_damaged_file_is_an_error_where_it_is_named_and_passed_over_where_it_is_found(
    results: Path, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes((results / "attention.parquet").read_bytes()[:1000])
    passed_over = find_sources([str(results), str(tmp_path)]).passed_over
    assert list(passed_over) == [damaged]
    assert "damaged" in passed_over[damaged].removeprefix(str(damaged))
    with pytest.raises(InputError, match=r"damaged\.parquet"):
        find_sources([str(results), str(damaged)])


def test_what_cannot_be_looked_into_is_passed_over(results: Path, tmp_path: Path) -> None:
    """Broken links, links in a circle, pipes; and a folder whose manifest is damaged says so."""
    shutil.copy(results / "learned.tsv", tmp_path)
    (tmp_path / "broken.tsv").symlink_to("nowhere")
    (tmp_path / "circle.tsv").symlink_to("circle.tsv")
    os.mkfifo(tmp_path / "pipe.tsv")
    shutil.copytree(results / "attention-rates", tmp_path / "rates")
    manifest = tmp_path / "rates" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:100])
    found = find_sources([str(tmp_path)])
    assert list(found.predictions) == ["learned"]
    for name in ("broken.tsv", "circle.tsv", "pipe.tsv"):
        assert found.passed_over[tmp_path / name] == f"{tmp_path / name}: neither a file nor a folder"
    assert found.passed_over[manifest] == f"{manifest}: damaged, so nobody knows what is in its folder"


def test_an_empty_path_is_no_folder(results: Path) -> None:
    with pytest.raises(InputError, match=r"^x=: there is no such file or folder"):
        find_sources([str(results), "x="])


def test_a_name_that_is_no_text_is_shown_all_the_same(results: Path, tmp_path: Path) -> None:
    place = tmp_path / os.fsdecode(b"bad\xff")
    place.mkdir()
    shutil.copy(results / "learned.tsv", place / os.fsdecode(b"odd\xff.tsv"))
    assert list(find_sources([str(place)]).predictions) == ["odd\ufffd"]
