"""How to read each experiment: two sentences for one who has not run it."""

from __future__ import annotations

from typing import Final

READING: Final = {
    "accuracy-table": (
        "Each row is a network, trained several times, or the same network asked with other weights in place of its "
        "attention; dots are the share of test proteins whose location is predicted right, lines where the mean of "
        "more trainings would lie.",
        "Look at what is lost when attention is replaced, and at the rules without a network at the bottom: what "
        "they reach needs no network.",
    ),
    "hit-rate-table": (
        "Of the proteins that hold what an explanation picks out, the hit rate is the share that live in the same "
        "place, nearer positions counting more; beside it stands what random stretches of the same lengths in the "
        "same proteins have.",
        "An explanation says something if it is above chance once the protein itself and its relatives are left "
        "out, and above the same method on a network that has learned nothing.",
    ),
    "attention-tests": (
        "What the model answers with other weights in place of its attention, how far weights can be from the "
        "learned ones without changing the answer, and how many residues have to be erased until it changes.",
        "If other weights do as well, attention alone does not explain the answer; compare each number with those "
        "of random and rotated weights.",
    ),
    "attention-trainings": (
        "How far the attention of other trainings is from that of the first, and whether a network can be made that "
        "answers alike and attends elsewhere.",
        "Attention that every training finds again, and that no such network avoids, belongs to the task rather "
        "than to chance.",
    ),
    "mutation-fidelity": (
        "The residues that a method puts highest are mutated, and the more the model's answer loses, the better the "
        "method has found what the model needs.",
        "Compare each method with random residues, with its own places moved along, and with a network that has "
        "learned nothing; the ranks have intervals.",
    ),
    "global-importance": (
        "A pattern is written into a thousand proteins that have nothing to do with it; its importance is how much "
        "the answer changes on average.",
        "What a pattern does beyond its own residues in random order is what its order means to the model; look at "
        "sizes, for with so many proteins nearly everything is significant.",
    ),
    "discover": (
        "The subsequences that explanations pick out most often for a class: whether they move the model, and "
        "whether the proteins that hold them live there more often than chance has it.",
        "Those that do both come first and are the ones to look at in the laboratory; q below 0.05 holds the share "
        "of false ones.",
    ),
    "filters": (
        "Each logo shows the stretches that one filter of the network answers to most, each heat map where in "
        "proteins of a class attention lies.",
        "Filters with random weights have sharp logos, too: only what differs from them has been learned.",
    ),
    "multiloc": (
        "The network of Sonderby et al. (2015) on their task, with proteins divided at random and with relatives "
        "kept together.",
        "The distance between the two is what a network owes to relatives; the rules without a network show how "
        "much that can be.",
    ),
    "sanity-checks": (
        "Explanations of the trained network compared with those of the same network as its layers forget, one "
        "after the other.",
        "An explanation that stays as it was does not depend on what was learned.",
    ),
    "ground-truth": (
        "Signals were planted in made-up proteins, so it is known which residues matter: recall is the share of "
        "them that a method finds, precision the share of what it finds that matters.",
        "Compare with a rule that knows only where signals lie, and with a network that has learned nothing.",
    ),
    "claims": (
        "What the published study claims, each claim with its test, its estimate and a verdict.",
        "A claim holds or does not hold where its corrected p-value is below 0.05; not shown means that the data "
        "allow either.",
    ),
}
