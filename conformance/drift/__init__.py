"""How far the OpenAPI document that a target publishes has drifted from the contract.

From the bottom up::

    difference   one difference and its effect, and all of them; no rules
    document     an OpenAPI document: read within bounds, references resolved
    shape        what a schema demands in the end, however it is put together
    pair         two shapes, and what can be said without looking deeper
    schemas      what differs between two schemas, in requests or in answers
    operations   what differs between two operations
    compare      what differs between two documents
    source       where the document of a target comes from; the only module that sends anything
    listing      the differences as lines and as JSON
"""

from __future__ import annotations
