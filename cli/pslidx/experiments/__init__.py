"""The commands of `pslidx experiment`, one a module."""
