"""The same question asked of an index and of an online service, and their answers compared.

Nothing here but `names` is imported, and no network is touched, before a command asks for it.
"""
