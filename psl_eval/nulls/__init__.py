"""What chance would give: labels permuted, windows drawn."""
