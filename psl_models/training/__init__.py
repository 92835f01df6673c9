"""How networks are trained: the loop, its optimiser, what it keeps and how it goes on after a kill."""
