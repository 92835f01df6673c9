"""Files that users hand in: tables of subsequences in all their kinds, read as a stream and checked row by row."""
