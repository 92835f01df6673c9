"""Hit rates of subsequences against an index, and what they rest on."""
