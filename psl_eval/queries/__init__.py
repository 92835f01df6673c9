"""The proteins that subsequences come from, and the entries that they are."""
