"""Sequences of requests: walked from a seed, compared with a model after every step, and shortened when they differ."""
