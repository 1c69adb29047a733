"""What this run may have left on the target: an append-only file that is ahead of the target at all times.

A line is written and synced to the disk *before* the request that creates a resource is sent, so that even
after ``kill -9`` or a power cut the file names everything.  The first line is the header::

    {"run": "ab12cd34", "prefix": "cmfc-ab12cd34-", "target": "https://..", "started": "..", "harness": "0.1.0"}
    {"event": "intend", "kind": "environments", "name": "..", "path": "/cmf/api/v1/environments/..", "at": ".."}
    {"event": "created", "path": "/cmf/api/v1/environments/..", "at": ".."}

The life of a resource, and what ``open`` holds::

    intended ──> created ──────────> gone     open until gone; only ``gone`` takes a resource out
        ├──────> refused ──────────> gone     a refused creation may have had effect all the same
        └──────> unknown ──────────> gone     no answer, or one that says neither

``gone`` is noted by whoever saw 404 for it after its deletion was acknowledged (the wire does), and takes
the resources inside an environment with it.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from conformance import __version__
from conformance.errors import ReportError
from conformance.model import Resource

Event: TypeAlias = Literal["created", "refused", "gone", "unknown"]
State: TypeAlias = Literal["intended", "created", "refused", "gone", "unknown"]

_REPLACES: dict[Event, frozenset[State]] = {
    "created": frozenset({"intended", "refused", "unknown", "gone"}),
    "refused": frozenset({"intended"}),
    "unknown": frozenset({"intended", "refused", "gone"}),
    "gone": frozenset({"intended", "created", "refused", "unknown"}),
}
"""Which states an event changes: what was created once stays so, whatever a later creation was answered."""
_HEADER = ("run", "prefix", "target", "started", "harness")
_LAYOUT = "layout"


class Ledger:
    """The resources of one run.  Safe to use from several threads."""

    def __init__(self, path: Path, header: dict[str, str], descriptor: int) -> None:
        """Not for callers: use ``create`` or ``read``."""
        self.path = path
        self.header = header
        self.run_id = header["run"]
        self.prefix = header["prefix"]
        self.target_url = header["target"]
        self.started = header["started"]
        self.layout = header.get(_LAYOUT, "")
        """What paths name that are not those of the contract, as ``layout.saved`` has it."""
        self._descriptor = descriptor
        self._lock = threading.RLock()
        self._resources: dict[str, Resource] = {}
        self._states: dict[str, State] = {}
        self._ever_created: dict[str, Resource] = {}

    @classmethod
    def create(cls, path: Path | str, *, run_id: str, target_url: str, layout: str = "") -> Ledger:
        """Begin a ledger; ``layout`` says what paths name that are not those of the contract.  Raises ``ReportError`` when the file exists already or cannot be written."""
        path = Path(path)
        header = dict(zip(_HEADER, (run_id, f"cmfc-{run_id}-", target_url, _now(), __version__), strict=True))
        header |= {_LAYOUT: layout} if layout else {}
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | _CLOEXEC, 0o644)
            ledger = cls(path, header, descriptor)
            ledger._append(header, sync=True)
            _sync_folder(path.parent)
        except FileExistsError:
            message = f"ledger {path} exists already"
            hint = f"finish its run with: cmf-conformance cleanup {path}; or name another file"
            raise ReportError(message, hint) from None
        except OSError as problem:
            message = f"ledger {path} cannot be written: {problem.strerror or problem}"
            raise ReportError(message, "name a file in a folder that exists and is writable") from None
        return ledger

    @classmethod
    def read(cls, path: Path | str) -> Ledger:
        """Open the ledger of an earlier process, to go on with it.

        A last line that was cut is ignored: nothing that follows from it was ever sent.  Raises
        ``ReportError`` when the file cannot be read or is no ledger.
        """
        path = Path(path)
        try:
            lines = path.read_bytes().split(b"\n")
            cut = lines.pop()
            header = _header(path, lines[:1])
            descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | _CLOEXEC)
            if cut:
                os.truncate(path, path.stat().st_size - len(cut))
        except OSError as problem:
            message = f"ledger {path} cannot be read: {problem.strerror or problem}"
            raise ReportError(message, "name the ledger.ndjson of a run") from None
        ledger = cls(path, header, descriptor)
        try:
            for number, line in enumerate(lines[1:], start=2):
                ledger._replay(line, number)
        except ReportError:
            ledger.close()
            raise
        return ledger

    def intend(self, resource: Resource) -> None:
        """Enter a resource that is about to be created; returns when it is on the disk.

        Nothing is written when the resource is in the ledger and may still exist.
        """
        with self._lock:
            if self._states.get(resource.path, "gone") != "gone":
                return
            self._append(
                {
                    "event": "intend",
                    "kind": resource.kind,
                    "name": resource.name,
                    "path": resource.path,
                    "at": _now(),
                },
                sync=True,
            )
            self._enter(resource)

    def note(self, resource: Resource, event: Event) -> None:
        """Note what became of a resource that was intended; an event that says nothing new is not written.

        Raises ``ValueError`` when the resource was never intended.
        """
        with self._lock:
            if resource.path not in self._states:
                message = f"{resource.path} was never intended"
                raise ValueError(message)
            if self._states[resource.path] in _REPLACES[event]:
                self._append({"event": event, "path": resource.path, "at": _now()}, sync=False)
                self._apply(resource.path, event)

    def state(self, path: str) -> State | None:
        """What is known of the resource of this path; None when it is not in the ledger."""
        with self._lock:
            return self._states.get(path)

    @property
    def created(self) -> tuple[Resource, ...]:
        """Every resource that this run is known to have created, in order of their first creation."""
        with self._lock:
            return tuple(self._ever_created.values())

    @property
    def open(self) -> tuple[Resource, ...]:
        """Every resource that may still exist, in order of entry."""
        with self._lock:
            return tuple(r for path, r in self._resources.items() if self._states[path] != "gone")

    def close(self) -> None:
        """Close the file; nothing can be entered afterwards."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _enter(self, resource: Resource) -> None:
        self._resources.pop(resource.path, None)
        self._resources[resource.path] = resource
        self._states[resource.path] = "intended"

    def _apply(self, path: str, event: Event) -> None:
        self._states[path] = event
        if event == "created":
            self._ever_created.setdefault(path, self._resources[path])
        if event == "gone":
            for inside in self._states:
                if inside.startswith(path + "/"):
                    self._states[inside] = "gone"

    def _append(self, document: dict[str, str], *, sync: bool) -> None:
        with self._lock:
            if self._descriptor < 0:
                message = f"ledger {self.path} is closed"
                raise ValueError(message)
            line = memoryview(json.dumps(document, separators=(",", ":")).encode("ascii") + b"\n")
            while line:
                line = line[os.write(self._descriptor, line) :]
            if sync:
                os.fsync(self._descriptor)

    def _replay(self, line: bytes, number: int) -> None:
        document = _document(line)
        match document:
            case {"event": "intend", "kind": str(kind), "name": str(name), "path": str(path)}:
                self._enter(Resource(kind, name, path))
            case {"event": "created" | "refused" | "gone" | "unknown" as event, "path": str(path)}:
                if path in self._states and self._states[path] in _REPLACES[event]:
                    self._apply(path, event)
            case _:
                message = f"ledger {self.path} is damaged in line {number}"
                raise ReportError(
                    message, "nothing was deleted; restore the file or delete the resources by hand"
                )


_CLOEXEC = getattr(os, "O_CLOEXEC", 0)


def _header(path: Path, lines: list[bytes]) -> dict[str, str]:
    header = _document(lines[0]) if lines else None
    if (
        not isinstance(header, dict)
        or not all(isinstance(header.get(key), str) for key in _HEADER)
        or header["prefix"] != f"cmfc-{header['run']}-"
    ):
        message = f"{path} is not a ledger"
        raise ReportError(message, "name the ledger.ndjson of a run")
    layout = header.get(_LAYOUT)
    return {key: header[key] for key in _HEADER} | ({_LAYOUT: layout} if isinstance(layout, str) else {})


def _document(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sync_folder(folder: Path) -> None:
    """Make the name of a new file as durable as its content, where the system can do that."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # a system that cannot open folders
        return
    try:
        os.fsync(descriptor)
    except OSError:  # a file system that cannot sync folders
        pass
    finally:
        os.close(descriptor)
