"""The experiment global-importance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import click

from psl_index.errors import UsageError
from pslidx.experiments.options import (
    WithProteins,
    backgrounds_length_option,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    resamples_option,
    running,
)

if TYPE_CHECKING:
    from psl_eval.experiments.importance.patterns import Pattern

_TOP: Final = 20
#: Options of some variations only.
_OF: Final = {
    "--spacing": ("spacing", "order"),
    "--copies": ("copies",),
    "--gap": ("copies",),
    "--flank": ("flanks",),
}


@click.command("global-importance")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--motif",
    "motifs",
    multiple=True,
    metavar="[NAME=]MOTIF",
    help="A motif in PROSITE's language, such as K-[KR]-x(1,2)-{P} or S-K-L>. Can be given several times.",
)
@click.option(
    "--subsequences", metavar="FILE", help="Subsequences as `pslidx extract` writes them, or a peptide a line."
)
@click.option("--top", type=click.IntRange(min=1), metavar="N", help="The most frequent of them; 20.")
@click.option("--matrices", metavar="FILE", help="Matrices with the shares of residues at each place: TSV or JSON.")
@click.option(
    "--vary",
    type=click.Choice(["position", "flanks", "copies", "spacing", "order", "substitutions"]),
    default="position",
    help="Where the pattern stands (position, the default), the residues beside it, the number of its copies, the "
    "distance or the order of two patterns, or single residues of it.",
)
@click.option(
    "--background",
    "backgrounds",
    multiple=True,
    type=click.Choice(["shuffled", "dipeptide", "profile", "proteins"]),
    help="What patterns are written into: residues in random order, or such that neighbours stay as frequent "
    "(dipeptide, the default); residues drawn by their distance from the ends; the proteins of other classes as they "
    "are. Can be given several times.",
)
@click.option("--number", type=click.IntRange(min=2), default=1000, metavar="N", help="Of backgrounds of a kind; 1000.")
@click.option("--class", "classes", multiple=True, metavar="NAME", help="Whose logit; all by default.")
@click.option(
    "--position",
    "positions",
    multiple=True,
    type=int,
    metavar="N",
    help="Residue that the pattern starts with, from 1 (from 2 if it cannot begin with M, for the M in front stays); "
    "below 0 the one that it ends with, counted from the C-terminus; 0: the middle. Can be given several times where "
    "the position varies, and is the middle by default where something else does.",
)
@click.option("--spacing", "spacings", multiple=True, type=click.IntRange(min=0), metavar="N", help="Of two patterns.")
@click.option("--copies", type=click.IntRange(1, 100), metavar="N", help="At most; 5.")
@click.option("--gap", type=click.IntRange(min=0), metavar="N", help="Residues between copies; 10.")
@click.option("--flank", type=click.IntRange(1, 100), metavar="N", help="Residues on each side; 3.")
@click.option("--random-weights", is_flag=True, help="Also ask networks that have learned nothing: the floor.")
@backgrounds_length_option
@resamples_option
@protein_experiment_command
def command(
    proteins: str,
    models: tuple[str, ...],
    motifs: tuple[str, ...],
    subsequences: str | None,
    top: int | None,
    matrices: str | None,
    vary: str,
    backgrounds: tuple[str, ...],
    number: int,
    classes: tuple[str, ...],
    positions: tuple[int, ...],
    spacings: tuple[int, ...],
    copies: int | None,
    gap: int | None,
    flank: int | None,
    random_weights: bool,
    max_length: int,
    resamples: int,
    common: WithProteins,
) -> None:
    """What a pattern does to the answers of a model, wherever it stands (Koo et al. 2021).

    The pattern is written into many backgrounds that have nothing to do with it, and the importance is the mean change
    of the logit of a class, with its interval, beside that of the same residues in random order, of the parts alone, or
    of the other order. Synergy of two patterns is the difference from the sum of the two (--vary spacing).

    \b
    Example:
      pslidx experiment global-importance proteins.fasta --motif 'PTS1=S-K-L>' -o pts1
      pslidx experiment global-importance proteins.fasta --motif K-K-x-R --motif K-R-x(10)-K-K --vary spacing -o nls
      pslidx experiment global-importance proteins.fasta --subsequences subsequences.tsv --class Nucleus -o top
    """
    from psl_eval.experiments.importance.experiment import GlobalImportance
    from psl_eval.experiments.importance.setting import chosen_classes
    from psl_eval.experiments.importance.variations import COPIES, FLANK, GAP, POSITIONS, SPACINGS

    if vary != "position" and len(positions) > 1:
        raise UsageError(f"--vary {vary} is at one position, found {len(positions)}", remedy="give one --position")
    if top is not None and subsequences is None:
        raise UsageError("--top is of --subsequences, but there are none", remedy="give a file of them")
    _check_options(vary, {"--spacing": spacings or None, "--copies": copies, "--gap": gap, "--flank": flank})
    patterns = _patterns(motifs, subsequences, _TOP if top is None else top, matrices)
    if positions:
        _check_position(vary, patterns)
    opened_models = named_models(models, common.device)
    chosen_classes(classes, opened_models[0])
    asked = labelled_proteins(proteins, opened_models, common)
    experiment = GlobalImportance(
        vary=vary,
        backgrounds=backgrounds or ("dipeptide",),  # type: ignore[arg-type]
        number=number,
        longest=max_length,
        classes=classes,
        positions=positions or (POSITIONS if vary == "position" else (0,)),
        spacings=spacings or SPACINGS,
        copies=COPIES if copies is None else copies,
        gap=GAP if gap is None else gap,
        flank=FLANK if flank is None else flank,
        random_weights=random_weights,
        resamples=resamples,
        seed=common.seed,
    )
    with running(common.folder, "global-importance") as (parts, report):
        finish(experiment.run(opened_models, asked, patterns, parts, report), common, opened_models)


def _check_options(vary: str, given: Mapping[str, object]) -> None:
    """Refuse options that the variation takes no account of; UsageError."""
    for option, value in given.items():
        if value is not None and vary not in _OF[option]:
            remedy = f"leave it out, or choose --vary {' or '.join(_OF[option])}"
            raise UsageError(f"{option} is without effect with --vary {vary}", remedy=remedy)


def _check_position(vary: str, patterns: Sequence[Pattern]) -> None:
    """Refuse --position where all patterns have their place at a terminus; UsageError."""
    if vary == "spacing" and len(patterns) == 2:
        held = patterns[0].at_start or patterns[1].at_end
    else:
        held = bool(patterns) and all(pattern.at_start or pattern.at_end for pattern in patterns)
    if held:
        problem = "--position is without effect: the motifs have their place at a terminus"
        raise UsageError(problem, remedy="leave it out, or leave out < and >")


def _patterns(motifs: tuple[str, ...], subsequences: str | None, top: int, matrices: str | None) -> list[Pattern]:
    """All that are given, motifs first.

    Raises
    ------
    UsageError
        A motif is none.
    InputError
        A file holds none.
    """
    from psl_eval.experiments.importance.pattern_files import most_frequent, read_matrices, read_subsequences
    from psl_eval.experiments.importance.patterns import motif, subsequence

    patterns = []
    for given in motifs:
        name, equals, text = given.partition("=")
        patterns.append(motif(text, name) if equals else motif(given))
    if subsequences is not None:
        frequent = most_frequent(read_subsequences(subsequences), top)
        patterns += [subsequence(each.residues) for each in frequent]
    return patterns + (read_matrices(matrices) if matrices is not None else [])
