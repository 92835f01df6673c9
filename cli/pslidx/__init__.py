"""The `pslidx` command."""
