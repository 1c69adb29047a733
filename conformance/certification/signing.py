"""Keys and signatures: DSSE envelopes signed with Ed25519 or ECDSA P-256.

A private key is an unencrypted PEM file or the text of one in an environment variable, never an argument.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ecdsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SecureSystemsError
from securesystemslib.signer import CryptoSigner, Key, SSlibKey

from conformance.errors import ConfigurationError

VARIABLE = "CMF_CONFORMANCE_SIGNING_KEY"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
KINDS = ("ed25519", "ecdsa-p256")
_NEW = "cmf-conformance certify --new-key PATH makes one"
_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)
_MOST_BYTES = 1_000_000


class NotSigned(ValueError):
    """An envelope is none, or no key that counts has signed it; the message says which."""


def new_key(path: Path, kind: str = "ed25519") -> str:
    """Write a private key, readable by its owner only, and its public half beside it; returns the key's id.

    Raises ``ConfigurationError`` when either file exists or can't be written.
    """
    key: Ed25519PrivateKey | EllipticCurvePrivateKey = (
        Ed25519PrivateKey.generate() if kind == "ed25519" else generate_ecdsa(SECP256R1())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    signer = CryptoSigner(key)
    try:
        for target, mode, content in (
            (path, 0o600, private),
            (path.with_name(f"{path.name}.pub"), 0o644, public_text(signer)),
        ):
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    except OSError as problem:
        raise ConfigurationError(
            f"The key {problem.filename or path} can't be written: {problem.strerror or problem}",
            "name a new file in a folder that exists",
        ) from problem
    return signer.public_key.keyid


def signer_of(path: Path | None, environment: Mapping[str, str] = os.environ) -> CryptoSigner:
    """What signs with the key of a file, or else of ``CMF_CONFORMANCE_SIGNING_KEY``.

    Raises ``ConfigurationError`` when there is no key, or none of a kind that is used here.
    """
    where = str(path) if path else VARIABLE
    if path is None and not environment.get(VARIABLE):
        raise ConfigurationError(f"There is no key to sign with: give --key or {VARIABLE}", _NEW)
    try:
        content = _content(path) if path else environment[VARIABLE].encode()
        key = load_pem_private_key(content, password=None)
    except OSError as problem:
        raise ConfigurationError(f"The key {where} can't be read: {problem.strerror}", _NEW) from problem
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise ConfigurationError(f"The key {where} is no unencrypted private key in PEM", _NEW) from problem
    if isinstance(key, Ed25519PrivateKey) or (
        isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)
    ):
        return CryptoSigner(key)
    raise ConfigurationError(f"The key {where} is neither Ed25519 nor ECDSA P-256", _NEW)


def public_text(signer: CryptoSigner) -> bytes:
    """The public key of a signer in PEM."""
    key = load_pem_private_key(signer.private_bytes, password=None).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def keyring(path: Path) -> tuple[SSlibKey, ...]:
    """The public keys in a PEM file, or in the files of a folder that end in ``.pub`` or ``.pem``.

    Raises ``ConfigurationError`` when there are none, or one can't be used.
    """
    try:
        files = (
            sorted(each for each in path.iterdir() if each.suffix in {".pub", ".pem"})
            if path.is_dir()
            else [path]
        )
        keys = [key for file in files for key in public_keys(_content(file), str(file))]
    except OSError as problem:
        raise ConfigurationError(
            f"The keyring {path} can't be read: {problem.strerror or problem}"
        ) from problem
    if not keys:
        raise ConfigurationError(f"The keyring {path} holds no public key", "public keys are in PEM")
    return tuple(keys)


def public_keys(content: bytes, name: str) -> tuple[SSlibKey, ...]:
    """Every public key in a text of PEM; raises ``ConfigurationError`` for one that can't be used."""
    return tuple(_public(block, name) for block in _PUBLIC.findall(content))


def sign(payload: bytes, signer: CryptoSigner) -> str:
    """The text of a DSSE envelope around an in-toto statement."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(signer)
    return json.dumps(envelope.to_dict(), indent=2) + "\n"


def opened(content: bytes, keys: Sequence[SSlibKey]) -> tuple[bytes, str]:
    """The payload of an envelope that one of the keys has signed, and that key's id; raises ``NotSigned``."""
    try:
        document: Any = json.loads(content)
        envelope = Envelope.from_dict(document)
        if envelope.payload_type != PAYLOAD_TYPE:
            raise NotSigned("the payload of the envelope is no in-toto statement")
        named = ", ".join(str(name)[:16] for name in envelope.signatures) or "nobody"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SecureSystemsError) as problem:
        if isinstance(problem, NotSigned):
            raise
        raise NotSigned("attestation.dsse.json is no DSSE envelope") from problem
    candidates: list[Key] = list(keys)
    try:
        accepted = envelope.verify(candidates, 1)
    except (SecureSystemsError, ValueError, TypeError) as problem:
        known = ", ".join(key.keyid[:16] for key in keys)
        if any(key.keyid in envelope.signatures for key in keys):
            raise NotSigned(f"the signature by {named} does not fit what is signed") from problem
        raise NotSigned(f"signed by {named}, which is none of the keys that count: {known}") from problem
    return envelope.payload, next(iter(accepted))


def _public(block: bytes, name: str) -> SSlibKey:
    try:
        key = load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise ConfigurationError(f"{name} holds a public key that can't be read") from problem
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return SSlibKey.from_crypto(key)
    raise ConfigurationError(f"{name} holds a public key that is neither Ed25519 nor ECDSA P-256")


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES)
