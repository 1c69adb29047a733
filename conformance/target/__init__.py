"""The rooms between the harness and the target; ``wire``, ``connection`` and ``auth`` alone touch the network.

routes      which path is which resource, and which paths may be written to at all
names       every name that a request body could be read as
guard       what may leave the process (pure)
ledger      what this run may have left on the target, on disk before it is sent
redaction   what must not be stored
evidence    what was said, on disk
limits      what a run may cost
auth, proxy, connection, wire     the way to the target and back
cleanup     the way out
cmf         the API in the words of scenarios
"""

from __future__ import annotations
