"""What the path parameters of generated reads are bound to in a run that creates nothing: what exists."""

from __future__ import annotations

from conformance.existing import Existing
from conformance.expectations import NeedsWriting

RESULTS = "getStatementResult"


class Found:
    """In the place of ``parents.Parents`` for operations that only read."""

    def __init__(self, existing: Existing, operation: str) -> None:
        """Raises ``NeedsWriting`` for what is not read of others: the rows of their statements."""
        if operation == RESULTS:
            raise NeedsWriting(
                "the rows that statements of others have given are not read (--mode read-only)"
            )
        self._existing = existing
        self._operation = operation

    @property
    def strange(self) -> tuple[str, ...]:
        """Names that the target has given: all of them."""
        return tuple(sorted(self.live().values(), key=len, reverse=True))

    def live(self) -> dict[str, str]:
        """Something that exists for each parameter; raises ``NeedsWriting`` when there is nothing."""
        return self._existing.parameters(self._operation)
