"""What the guard of one run says of a request."""

from __future__ import annotations

import json

from conformance.config import Mode
from conformance.target.guard import Ownership, judge

from .conftest import RUN

OURS = f"cmfc-{RUN}-x"
"""The name of something that the run has made."""
JSON, YAML = "application/json", "application/yaml"


def judged(
    method: str,
    path: str,
    body: object = None,
    content_type: str = JSON,
    *,
    headers: tuple[tuple[str, str], ...] = (),
    mode: Mode = Mode.CERTIFICATION,
    claims: tuple[tuple[str, str], ...] = (),
    query: tuple[tuple[str, str], ...] = (),
) -> str | None:
    """Why the request does not leave, or None when it does; a body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return judge(method, path, headers, content_type, content, Ownership(RUN, claims), mode, query=query)
