"""Property tests: requests generated from the contract.

Nothing in ``generation`` and below sends a request; it makes values that the runner binds and sends.
"""
