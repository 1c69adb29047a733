"""Sending what a failure rests on once more: which requests those are, under new names, and whether it came again."""
