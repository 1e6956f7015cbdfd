"""The nouns and rules of messaging: no I/O, no framework.

Rules are functions of values: the time, identifiers and randomness that they need come in as arguments.
"""
