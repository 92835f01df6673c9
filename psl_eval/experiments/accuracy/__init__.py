"""How well the study's networks predict, with and without attention, beside rules that need no network."""
