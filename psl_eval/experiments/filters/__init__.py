"""What a network of convolutions sees (after Sonderby et al. 2015): its filters, its attention, the residues."""
