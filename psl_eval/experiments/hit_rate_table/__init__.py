"""Hit rates of explanations side by side, each with controls: the study's tables 2 and 3."""
