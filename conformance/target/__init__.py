"""The rooms between the harness and the target; ``connection`` alone opens sockets; ``wire`` uses it, and ``oauth`` for tokens.

From the inside out::

    cmf, answer     the API in the words of scenarios
    cleanup         the way out
    wire            the one way to the target and back; below it address, headers, auth, proxy, connection
    auth            who the harness is to the target; below it
    tokens, oauth   where a token comes from
    hints           what to say, and to do, when a server gives no answer
    guard           what may leave the process (pure); below it
    routes          which path is which resource, and
    names           every name that a request body could be read as
    books           keeps the ledger true to what is sent and answered
    ledger          what this run may have left on the target, on disk before it is sent
    redaction       what must not be stored
    evidence        what was said, on disk
    limits          what a run may cost
"""

from __future__ import annotations
