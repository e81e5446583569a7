"""Candidates of the sources -> features -> one score -> an ordered list, and the reason for each product in it."""
