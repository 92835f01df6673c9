"""What experiments there are, what each asks, and what it needs."""

from __future__ import annotations

from typing import Final, NamedTuple


class Listed(NamedTuple):
    """An experiment as `pslidx experiment list` shows it."""

    module: str  # of its command
    asks: str
    needs: str
    cost: str  # on two cores


EXPERIMENTS: Final = {
    "accuracy-table": Listed(
        "pslidx.experiments.accuracy_table",
        "How well do the study's networks predict, and what do attention, its layout and its values add?",
        "FASTA with labels, and how to split it; the study's checkpoint, if there is one",
        "57 trainings a split, of 2 to 20 minutes a core on 9,400 proteins",
    ),
    "hit-rate-table": Listed(
        "pslidx.experiments.hit_rate_table",
        "Do proteins that share what an explanation picks out live in the same place, more often than by chance?",
        "INDEX, FASTA with labels, models",
        "20 minutes a model for 2,000 proteins; 1 to 3 once explained",
    ),
    "global-importance": Listed(
        "pslidx.experiments.global_importance",
        "What does a pattern do to the answer of a model, wherever and beside whatever it stands?",
        "FASTA with labels, models, motifs or subsequences or matrices",
        "a second for 1,000 backgrounds of 400 residues with a pattern at one place, and as much for its control",
    ),
    "discover": Listed(
        "pslidx.experiments.discover",
        "Which subsequences that explanations pick out for a class move the model, and are of that class in the index?",
        "FASTA with labels, subsequences of `pslidx extract`, a model; INDEX for hit rates",
        "4 minutes a class for 100 subsequences and 1,000 backgrounds of 400 residues",
    ),
    "mutation-fidelity": Listed(
        "pslidx.experiments.mutation_fidelity",
        "Which attribution method finds the residues that a model needs, and do its peaks lie at known signals?",
        "FASTA with labels, models; INDEX of flat files for known signals",
        "12 minutes a model for 60 proteins, 20 of them saturated, and 40 a feature; most of it integrated gradients",
    ),
    "sanity-checks": Listed(
        "pslidx.experiments.sanity_checks",
        "Do explanations change when what the model has learned is taken from it, layer by layer?",
        "FASTA with labels, models",
        "20 minutes of a core a model for 6 proteins and 10 draws of weights; most of it integrated gradients",
    ),
    "attention-tests": Listed(
        "pslidx.experiments.attention_tests",
        "Does attention say why a model predicts what it predicts, or would other weights do as well?",
        "FASTA with labels, models with attention; INDEX for hit rates",
        "a minute a model for 100 proteins of 400 residues, and two more for leaving out their residues (--left-out)",
    ),
    "attention-trainings": Listed(
        "pslidx.experiments.attention_trainings",
        "Would another training attend elsewhere and answer alike, and do weights guide a network without context?",
        "FASTA with labels, and how to split it",
        "31 trainings, of 2 to 20 minutes a core on 9,400 proteins, and 7 adversaries of 4 minutes",
    ),
    "ground-truth": Listed(
        "pslidx.experiments.ground_truth",
        "How much of the signals planted in made-up proteins does each attribution method find?",
        "nothing",
        "a minute, and three more with --mutagenesis",
    ),
    "filters": Listed(
        "pslidx.experiments.filters",
        "What does each filter of a network of convolutions see, and where in the proteins of which class?",
        "FASTA with labels, models with convolutions",
        "4 minutes of a core a model for 100 proteins of 450 residues, nearly all of it attributions",
    ),
    "multiloc": Listed(
        "pslidx.experiments.multiloc",
        "How well does the network of Sonderby et al. 2015 do on their task, in random and in clustered folds?",
        "FOLDER with a FASTA file for each class; clusters for clustered folds",
        "20 trainings a kind of folds, or 4 with --test-folds 1, of 20 minutes a core on 6,000 proteins",
    ),
    "claims": Listed(
        "pslidx.experiments.claims",
        "Which of the study's claims hold, the protein itself left out and chance beside?",
        "the results of accuracy-table, hit-rate-table and attention-tests",
        "nothing",
    ),
}
