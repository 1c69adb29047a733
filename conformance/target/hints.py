"""What a server without an answer did, and what to do about it, told from the error of the connection."""

from __future__ import annotations

from conformance.target.connection import UNFINISHED

_CERTIFICATE_WANTED = (
    "the server ended the TLS connection: it may demand a client certificate (--client-cert, --client-key)"
)
_HINTS = (
    (
        UNFINISHED,
        "the server, or a gateway in between, does not send all of the body that its headers announce",
    ),
    ("certificate has expired", "the server's certificate must be renewed; or is the clock here wrong?"),
    (
        "certificate is not yet valid",
        "the server's certificate is not valid yet; or is the clock here wrong?",
    ),
    ("Hostname mismatch", "use a host name in the URL that the server's certificate is for"),
    ("IP address mismatch", "use a host name in the URL that the server's certificate is for"),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the certificate is not trusted: --certificate-authority names the CA to trust",
    ),
    (
        "CERTIFICATE_REQUIRED",
        "the server demands a client certificate: give it with --client-cert and --client-key",
    ),
    ("ALERT_UNKNOWN_CA", "the server does not trust the client certificate: is it the right one?"),
    ("ALERT_BAD_CERTIFICATE", "the server does not accept the client certificate: is it the right one?"),
    ("CERTIFICATE_EXPIRED", "the server says that the client certificate has expired"),
    ("CERTIFICATE_UNKNOWN", "the server does not accept the client certificate: is it the right one?"),
    ("CERTIFICATE_REVOKED", "the server says that the client certificate was revoked"),
    ("WRONG_VERSION_NUMBER", "the server speaks no TLS there: try http://"),
    ("RECORD_LAYER_FAILURE", "the server speaks no TLS there: try http://"),
    ("HANDSHAKE_FAILURE", _CERTIFICATE_WANTED),
    ("UNEXPECTED_EOF", _CERTIFICATE_WANTED),
    ("PROTOCOL_VERSION", "the server speaks only versions of TLS that are no longer safe"),
    ("SSL", "the TLS handshake failed: is a client certificate needed (--client-cert)?"),
    ("refused", "is the server running, and is the port right?"),
    ("Name or service not known", "is the host name right?"),
    ("nodename nor servname", "is the host name right?"),
    ("name resolution", "is the host name right, and does name resolution work here?"),
    ("No address associated", "is the host name right?"),
    ("Timeout", "the host or a firewall in between stays silent"),
)
_CLOSED = ("disconnected", "reset by peer", "broken pipe")


def no_answer(error: str) -> str:
    """What to say of a server whose answer never came: one that sent its headers was reached."""
    what = "answers, but never completely" if UNFINISHED in error else "can't be reached"
    return f"{what}: {error}"


def hint_for(error: str, *, secure: bool) -> str:
    """A hint for what a connection has failed with; ``secure`` says whether TLS was asked for."""
    text = error.lower()
    for mark, hint in _HINTS:
        if mark.lower() in text:
            return hint
    if any(mark in text for mark in _CLOSED):
        return (
            _CERTIFICATE_WANTED
            if secure
            else "what listens there closes the connection; for TLS use https://"
        )
    if "RemoteProtocolError" in error:
        what = "what listens there does not speak HTTP/1.1"
        return what if secure else f"{what}; for TLS use https://"
    return "is the URL right?"
