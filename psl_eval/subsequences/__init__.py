"""From attributions, a score for each residue, to the subsequences that an explanation stands on."""
