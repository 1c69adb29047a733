"""A run: preflight, scenarios under pytest, clean-up, and verdicts from what was seen."""
