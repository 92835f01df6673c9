"""Tables of results: their columns, how they are made and written."""
