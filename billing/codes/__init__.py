"""Bare codes of the 835 and the 277 with our own short glosses, never a list's official wording."""
