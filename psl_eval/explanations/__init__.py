"""What models say of the residues of proteins, as tables. Needs torch."""
