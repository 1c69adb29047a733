"""Certification: the signed bundle of a run, and what is checked before anybody believes it."""
