"""``python -m conformance.reference``: serve until told to stop."""
# ruff: noqa: T201 - a command prints

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from conformance.reference.asgi import Wiring
from conformance.reference.faults import FAULTS
from conformance.reference.server import Server
from conformance.reference.variations import VARIATIONS

USAGE = 2


class Listener(uvicorn.Server):
    """Says when it is ready; stops on SIGTERM and SIGINT and exits 0 then, because that is how it ends well."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and print the one line of this command."""
        await super().startup(sockets)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            print(f"listening on http://{host}:{port}", flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals over while serving."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m conformance.reference", description="Serve the CMF 2.0 API from memory."
    )
    made.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    made.add_argument("--port", type=int, default=0, help="port to listen on (default: any free one)")
    made.add_argument(
        "--fault", action="append", default=[], metavar="ID", help="commit this violation; repeatable"
    )
    made.add_argument(
        "--variation", action="append", default=[], metavar="NAME", help="take this liberty; repeatable"
    )
    made.add_argument(
        "--pace", type=float, default=1.0, help="factor on all times of the lifecycle (default: 1)"
    )
    made.add_argument(
        "--latency", type=float, default=0.0, help="seconds that an answer takes longer, at most"
    )
    made.add_argument("--token-file", type=Path, help="demand the bearer token in this file")
    made.add_argument("--publish", type=Path, help="a document to publish at /v3/api-docs")
    made.add_argument("--with-parent", action="store_true", help="end when standard input is closed")
    made.add_argument("--list", action="store_true", help="print every fault and variation as JSON, and end")
    return made


def catalogue() -> str:
    """Every fault and variation, as JSON."""
    faults = [
        {"id": one.id, "title": one.title, "breaks": one.breaks, "reason": one.reason}
        for one in FAULTS.values()
    ]
    variations = [{"name": one.name, "title": one.title, "warns": one.warns} for one in VARIATIONS.values()]
    return json.dumps({"faults": faults, "variations": variations}, indent=1)


def unknown_name(faults: list[str], variations: list[str]) -> str | None:
    """The complaint about the first fault or variation that does not exist, or None."""
    for kind, names, known in (("fault", faults, FAULTS), ("variation", variations, VARIATIONS)):
        for name in names:
            if name not in known:
                return f"unknown {kind} '{name}' (--list prints them all)"
    return None


def end_with_parent() -> None:
    """End this process at once when the other end of standard input is gone, however it went."""

    def wait() -> None:
        with contextlib.suppress(OSError):
            while os.read(0, 4096):
                pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def serve(wiring: Wiring, host: str, port: int) -> None:
    """Serve until a signal comes; print one line when ready.

    Raises OSError when the address can't be listened on.
    """
    with socket.create_server((host, port), backlog=512) as listening:
        # Accepted sockets inherit it.  Without it an answer in two writes waits 40 ms for an acknowledgement.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            wiring,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=600,
            timeout_graceful_shutdown=1,
        )
        Listener(config).run(sockets=[listening])


class _Unusable(Exception):
    """The command line names a file that can't be used; the message is one line."""


def _token(file: Path) -> str:
    """The token in a file; raises _Unusable."""
    try:
        token = file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as wrong:
        reason = getattr(wrong, "strerror", None) or "it is not text"
        raise _Unusable(f"cannot read the token file {file}: {reason}") from wrong
    if not token:
        # It would let in everybody who sends an empty token.
        raise _Unusable(f"the token file {file} is empty")
    return token


def _document(file: Path) -> bytes:
    """What is to be published; raises _Unusable."""
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise _Unusable(f"cannot read the document {file}: {wrong.strerror}") from wrong


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code is 0 after a signal, 2 for a wrong command line."""
    options = parser().parse_args(arguments)
    if options.list:
        print(catalogue())
        return 0
    complaint = unknown_name(options.fault, options.variation)
    if complaint:
        print(complaint, file=sys.stderr)
        return USAGE
    if options.with_parent:
        end_with_parent()
    try:
        server = Server(pace=options.pace, token=_token(options.token_file) if options.token_file else None)
        server.document = _document(options.publish) if options.publish else None
    except _Unusable as wrong:
        print(wrong, file=sys.stderr)
        return USAGE
    # Variations first: a fault replaces what the server then does.
    for name in options.variation:
        VARIATIONS[name].apply(server)
    for name in options.fault:
        FAULTS[name].apply(server)
    try:
        serve(Wiring(server, options.latency), options.host, options.port)
    except OSError as wrong:
        print(f"cannot listen on {options.host}:{options.port}: {wrong}", file=sys.stderr)
        return USAGE
    return 0


if __name__ == "__main__":
    sys.exit(main())
