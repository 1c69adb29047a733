"""Placeholders for names, and the rule that no generated body names anything that is not ours.

``{name}`` stands for a fresh name of this run, ``{namespace}`` for the configured Kubernetes namespace,
and ``{pad:253}`` for as many legal characters as bring the whole text to 253 characters.  What makes a
generated name wrong is kept behind the placeholder, so that a server which accepts it, creates
something whose name starts with our prefix.

Contract: documentation, section *Identifiers* (4 to 253 characters, the pattern, for every kind).
"""

from __future__ import annotations

import re
from typing import Any

NAME = "{name}"
NAMESPACE = "{namespace}"
NEEDED = "{needed}"
"""Stands for the live resource that a body refers to: the pool of a statement, the secret of a mapping."""
SAMPLE_NAME = "cmfc-sample00-p0001"
"""A name to judge requests with before they are bound: of the form and about the length of real ones."""
SAMPLE_NEEDED = "cmfc-sample00-needed"
SAMPLE_NAMESPACE = "sample-namespace"
SHORTEST, LONGEST = 4, 253

# Other fields of the contract that refer to a resource by name.
_REFERENCES = frozenset({"secretname", "computepoolname", "connectionsecretid"})
_PATTERN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_PAD = re.compile(r"\{pad:(\d{1,4})\}")
_OURS = re.compile(r"[-._]*\{name\}")
_SHOWN = 60


def padded(length: int) -> str:
    """A name that has exactly this many characters once it is bound."""
    return f"{NAME}{{pad:{length}}}"


def fault(name: str) -> str:
    """What makes a bound name illegal, in one line; empty when it is legal."""
    if len(name) < SHORTEST:
        return f"{len(name)} characters, minimum {SHORTEST}"
    if len(name) > LONGEST:
        return f"{len(name)} characters, maximum {LONGEST}"
    if _PATTERN.fullmatch(name) is None:
        return f"{shown(name)} does not match the pattern of names"
    return ""


def shown(value: object) -> str:
    """A value in ASCII, short enough for one line of a report."""
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def carry(text: str) -> str:
    """A name with ``{name}`` in it that is wrong, or right, in the way the given one is."""
    if text == NEEDED or _OURS.match(text):
        return text
    if _PATTERN.fullmatch(text):
        return padded(len(text)) if len(text) > LONGEST // 2 else NAME
    return NAME + text


def bind(value: Any, *, name: str, namespace: str, needed: str = SAMPLE_NEEDED) -> Any:
    """The value with every placeholder in its texts, keys included, replaced."""
    if isinstance(value, str):
        return _bind_text(value, name, namespace, needed)
    if isinstance(value, list):
        return [bind(item, name=name, namespace=namespace, needed=needed) for item in value]
    if isinstance(value, dict):
        return {
            _bind_text(key, name, namespace, needed): bind(
                item, name=name, namespace=namespace, needed=needed
            )
            for key, item in value.items()
        }
    return value


def _bind_text(text: str, name: str, namespace: str, needed: str) -> str:
    if "{" not in text:
        return text
    pad = _PAD.search(text)
    before, after = (text[: pad.start()], text[pad.end() :]) if pad else (text, "")
    before, after = (
        part.replace(NAME, name).replace(NAMESPACE, namespace).replace(NEEDED, needed)
        for part in (before, after)
    )
    missing = int(pad[1]) - len(before) - len(after) if pad else 0
    return f"{before}{'x' * missing}{after}"


def own(body: Any) -> Any:
    """The body with every name it could be understood to bear, or to refer to, made ours.

    Names are ``name`` and ``metadata.name`` in any spelling a lenient server may accept, also inside a
    list around the body.  Numbers and booleans become null: a server that turns them into texts would
    otherwise write to whatever bears that text as its name.
    """
    if isinstance(body, list):
        return [own(item) for item in body]
    if not isinstance(body, dict):
        return body
    result = {}
    for key, value in body.items():
        plain = key.strip().casefold()
        if plain == "name":
            result[key] = _own_name(value)
        elif plain == "metadata":
            result[key] = own(value)
        elif plain == "kubernetesnamespace":
            legal = isinstance(value, str) and len(value) <= LONGEST and _PATTERN.fullmatch(value)
            result[key] = NAMESPACE if legal else value
        else:
            result[key] = _own_references({key: value})[key]
    return result


def _own_name(value: Any) -> Any:
    if isinstance(value, str):
        return carry(value)
    return _own_strings(value)


def _own_strings(value: Any) -> Any:
    if isinstance(value, str):
        return carry(value) if value else value
    if isinstance(value, list):
        return [_own_strings(item) for item in value]
    if isinstance(value, dict):
        return {carry(key): _own_strings(item) for key, item in value.items()}
    return None


def _own_references(value: Any) -> Any:
    if isinstance(value, list):
        return [_own_references(item) for item in value]
    if isinstance(value, dict):
        return {
            key: _own_name(item) if key.strip().casefold() in _REFERENCES else _own_references(item)
            for key, item in value.items()
        }
    return value


def suspended(body: Any) -> Any:
    """The application body with a job that does not run, so that storing it starts no pod."""
    if isinstance(body, list):
        return [suspended(item) for item in body]
    if not isinstance(body, dict):
        return body
    result = dict(body)
    for key, spec in body.items():
        if key.strip().casefold() == "spec" and isinstance(spec, dict) and spec:
            jobs = {inner: value for inner, value in spec.items() if inner.strip().casefold() == "job"}
            stilled = {
                inner: {**(value if isinstance(value, dict) else {}), "state": "suspended"}
                for inner, value in (jobs or {"job": {}}).items()
            }
            result[key] = {**spec, **stilled}
    return result


def tamed(kind: str | None, body: Any) -> Any:
    """The body of a resource of this kind with names that are ours and nothing that starts a pod."""
    owned = own(body)
    return suspended(owned) if kind == "FlinkApplication" else owned
