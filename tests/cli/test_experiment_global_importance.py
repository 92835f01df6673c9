"""`pslidx experiment global-importance` and `discover`, on a network with random weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

NAMES = ("Nucleus", "Peroxisome", "Plastid")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from psl_models.checkpoints import save_model
    from psl_models.configuration import Configuration, Sizes
    from psl_models.model import Model
    from psl_models.network import Network

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(2)
    configuration = Configuration("bilstm", "attention", NAMES, Sizes(embedding=4, hidden=3, attention=5))
    save_model(Model(configuration, Network(configuration)), folder)
    return folder


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    lines = [f">p{n} {NAMES[n % 3]}\nMKT{'ACDEFGHIKLNPQRSTVWY'[n:]}{'LIVAGKR' * 3}\n" for n in range(9)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    return tmp_path / "proteins.fasta"


def test_a_motif_in_backgrounds(pslidx, model: Path, proteins: Path, tmp_path: Path) -> None:
    arguments = ("experiment", "global-importance", proteins, "--model", model, "--motif", "PTS1=S-K-L>")
    arguments += ("--number", 6, "--resamples", 20, "--threads", 1, "-o", tmp_path / "out")
    ended = pslidx(*arguments)
    assert ended.code == 0, ended.err
    assert "of 3 changes of a logit are not by chance" in ended.out
    names = {path.name for path in (tmp_path / "out" / "global-importance").iterdir()}
    assert {f"global-importance.{kind}" for kind in ("tsv", "json", "png", "svg")} <= names
    manifest = json.loads((tmp_path / "out" / "global-importance" / "manifest.json").read_text())
    assert manifest["settings"]["backgrounds_drawn"]["dipeptide"]["number"] == 6
    before = (tmp_path / "out" / "global-importance" / "global-importance.tsv").read_bytes()
    assert pslidx(*arguments).code == 0
    assert (tmp_path / "out" / "global-importance" / "global-importance.tsv").read_bytes() == before


@pytest.mark.parametrize("vary", ["flanks", "copies", "spacing", "order", "substitutions"])
def test_all_that_varies_is_drawn(pslidx, model: Path, proteins: Path, tmp_path: Path, vary: str) -> None:
    motifs = ["--motif", "K-R", "--motif", "W-[DE]"][: 4 if vary in ("spacing", "order") else 2]
    two = ["--spacing", 1, "--spacing", 1]
    options = {"flanks": ["--flank", 1], "copies": ["--copies", 2, "--gap", 0], "spacing": two, "order": two}
    arguments = ["--number", 4, "--resamples", 5, "--threads", 1, "--class", "Plastid", "--position", 4]
    arguments += [*options.get(vary, []), "-o", tmp_path / "out"]
    ended = pslidx("experiment", "global-importance", proteins, "--model", model, "--vary", vary, *motifs, *arguments)
    assert ended.code == 0, ended.err
    assert (tmp_path / "out" / "global-importance" / "global-importance.png").stat().st_size > 1000
    rows = json.loads((tmp_path / "out" / "global-importance" / "global-importance.json").read_text())
    assert len(rows) == {"flanks": 40, "copies": 2, "spacing": 1, "order": 1, "substitutions": 40}[vary]


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--motif", "K-B"], 2, "'B' is none of the 20 standard residues"),
        (["--motif", "K", "--class", "Vacuole"], 2, "knows no class 'Vacuole'"),
        ([], 2, "no pattern to put into backgrounds"),
        (["--matrices", "/nonexistent"], 1, "/nonexistent: cannot be read"),
        (["--subsequences", "/nonexistent"], 1, "/nonexistent"),
        (
            ["--motif", "K", "--vary", "copies", "--position", 1, "--position", 9],
            2,
            "copies is at one position, found 2",
        ),
        (["--motif", "K", "--vary", "order"], 2, "order is of two patterns, found 1"),
        (
            ["--motif", "K", "--spacing", 2],
            2,
            "--spacing is without effect with --vary position; leave it out, or choose",
        ),
        (["--motif", "K", "--vary", "flanks", "--copies", 5], 2, "--copies is without effect with --vary flanks"),
        (["--motif", "K", "--vary", "spacing", "--gap", 10], 2, "--gap is without effect with --vary spacing"),
        (["--motif", "K", "--vary", "copies", "--flank", 3], 2, "--flank is without effect with --vary copies"),
        (["--motif", "K", "--top", 20], 2, "--top is of --subsequences, but there are none"),
        (["--motif", "S-K-L>", "--motif", "<M-K", "--position", 5], 2, "--position is without effect: the motifs have"),
        (
            ["--motif", "K-K", "--motif", "S-K-L>", "--vary", "spacing", "--position", 5],
            2,
            "--position is without effect: the motifs have",
        ),
    ],
)
def test_what_is_asked_wrongly(
    pslidx, model: Path, proteins: Path, tmp_path: Path, arguments: list[str], code: int, problem: str
) -> None:
    ended = pslidx("experiment", "global-importance", proteins, "--model", model, "-o", tmp_path / "out", *arguments)
    assert ended.code == code
    assert problem in ended.err
    assert not (tmp_path / "out").exists()


@pytest.fixture
def subsequences(tmp_path: Path) -> Path:
    rows = ["p0\t4\t8\tACDEF\tNucleus", "p1\t1\t3\tMKT\tNucleus", "p3\t4\t8\tEFGHI\tNucleus"]
    (tmp_path / "subsequences.tsv").write_text("\n".join(["query\tstart\tend\tsubsequence\tpredicted", *rows]) + "\n")
    return tmp_path / "subsequences.tsv"


def test_discover(pslidx, model: Path, proteins: Path, subsequences: Path, tmp_path: Path) -> None:
    lines = ["accession,sequence,locations"]
    for record in proteins.read_text().split(">")[1:]:
        header, sequence = record.split("\n")[:2]
        lines.append(f"{header.split()[0]},{sequence},{header.split()[1]}")
    (tmp_path / "proteins.csv").write_text("\n".join(lines) + "\n")
    assert pslidx("build", tmp_path / "proteins.csv", "-o", tmp_path / "index", "--threads", 1).code == 0
    arguments = ("experiment", "discover", proteins, subsequences, "--model", model, "-o", tmp_path / "out")
    arguments += ("--number", 9, "--resamples", 20, "--threads", 1, "--class", "Nucleus")
    ended = pslidx(*arguments, "--index", tmp_path / "index")
    assert ended.code == 0, ended.err
    assert "of 3 subsequences raise its logit" in ended.out
    assert "Nucleus: 2 of 3 are in entries of the index that count; " in ended.out  # p0 alone has the other
    rows = {
        row["subsequence"]: row for row in json.loads((tmp_path / "out" / "discover" / "discover.json").read_text())
    }
    assert (rows["MKT"]["entries"], rows["MKT"]["matching"], rows["MKT"]["hit_rate"]) == (8, 3, 3 / 8)
    settings = json.loads((tmp_path / "out" / "discover" / "manifest.json").read_text())["settings"]
    assert (settings["definition"], settings["exclude"]) == ("unweighted", "self")
    assert (tmp_path / "out" / "discover" / "discover.png").stat().st_size > 1000
    ended = pslidx(*arguments)  # another answer in the same folder, from the same parts
    assert ended.code == 0, ended.err
    assert "entries of the index" not in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--class", "Plastid"], 1, "no subsequence of a protein that is predicted to be in Plastid"),
        (["--class", "Vacuole"], 2, "knows no class 'Vacuole'"),
        (["--class", "Nucleus", "--exclude", "train"], 2, "about hit rates, but there is no index"),
        (["--class", "Nucleus", "--clusters", "/nonexistent"], 2, "about hit rates, but there is no index"),
        (["--class", "Nucleus", "--definition", "paper"], 2, "about hit rates, but there is no index"),
        (["--class", "Nucleus", "--index", "/nonexistent"], 3, "/nonexistent"),
        (["--class", "Nucleus", "--model", "bilstm-uniform"], 2, "discover asks one model"),
    ],
)
def test_what_is_asked_wrongly_of_discover(
    pslidx,
    model: Path,
    proteins: Path,
    subsequences: Path,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    problem: str,
) -> None:
    asked = ("experiment", "discover", proteins, subsequences, "--model", model, "-o", tmp_path / "out")
    ended = pslidx(*asked, *arguments, "--threads", 1)
    assert ended.code == code, ended.err
    assert problem in ended.err
    assert not (tmp_path / "out").exists()


def test_discover_takes_the_proteins_that_were_explained(
    pslidx, model: Path, proteins: Path, subsequences: Path, tmp_path: Path
) -> None:
    proteins.write_text(proteins.read_text().replace("ACDEF", "ACDED"))
    asked = ("experiment", "discover", proteins, subsequences, "--model", model, "-o", tmp_path / "out")
    ended = pslidx(*asked, "--class", "Nucleus", "--threads", 1)
    assert ended.code == 1
    assert "protein 'p0' does not have ACDEF at 4-8; give the proteins that were explained" in ended.err
    assert not (tmp_path / "out").exists()


def test_backgrounds_of_discover_are_of_proteins_that_the_model_has_not_seen(
    pslidx, model: Path, proteins: Path, subsequences: Path, tmp_path: Path
) -> None:
    knowing = tmp_path / "knowing"
    shutil.copytree(model, knowing)
    lines = ["accession\tside\tsequence"]
    for record in proteins.read_text().split(">")[1:]:
        lines.append(f"{record.split()[0]}\ttrain\t{record.split()[2]}")
    (knowing / "training_set.tsv").write_text("\n".join(lines) + "\n")
    asked = ("experiment", "discover", proteins, subsequences, "--model", knowing, "-o", tmp_path / "out")
    asked += ("--class", "Nucleus", "--number", 4, "--resamples", 5, "--threads", 1)
    ended = pslidx(*asked)
    assert ended.code == 1
    assert "has no protein that knowing has not learned from, to make backgrounds of" in ended.err
    assert pslidx(*asked, "--trained-too").code == 0
