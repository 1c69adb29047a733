"""The contract applied to single exchanges: operations, schemas, media types, timestamps, judgement.

Nothing here sends a request or knows how a request came about.
"""
