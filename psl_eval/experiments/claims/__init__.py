"""What the study claims, each claim with its test and threshold, judged by the results of the other experiments."""
