"""Keys of both kinds, and everything that is no key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from conformance.certification import signing
from conformance.errors import ConfigurationError


@pytest.mark.parametrize("kind", signing.KINDS)
def test_what_a_new_key_signs_its_public_half_opens(tmp_path: Path, kind: str) -> None:
    name = signing.new_key(tmp_path / "key", kind)
    text = signing.sign(b"what is said", signing.signer_of(tmp_path / "key")).encode()
    assert signing.opened(text, signing.keyring(tmp_path / "key.pub")) == (b"what is said", name)
    assert signing.opened(text, signing.keyring(tmp_path)) == (b"what is said", name)


def test_a_private_key_is_for_its_owner(tmp_path: Path) -> None:
    signing.new_key(tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    signing.new_key(tmp_path / "key")
    with pytest.raises(ConfigurationError, match="can't be written: File exists"):
        signing.new_key(tmp_path / "key")


def test_a_key_from_the_environment(tmp_path: Path) -> None:
    name = signing.new_key(tmp_path / "key")
    signer = signing.signer_of(None, {signing.VARIABLE: (tmp_path / "key").read_text("ascii")})
    assert signer.public_key.keyid == name


@pytest.mark.parametrize("content", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_private_key(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(ConfigurationError, match="no unencrypted private key"):
        signing.signer_of(tmp_path / "key")


def test_no_key_at_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="There is no key"):
        signing.signer_of(None, {})
    with pytest.raises(ConfigurationError, match="can't be read"):
        signing.signer_of(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="holds no public key"):
        signing.keyring(tmp_path)
    with pytest.raises(ConfigurationError, match="can't be read"):
        signing.keyring(tmp_path / "none")


def test_another_curve(tmp_path: Path) -> None:
    key = generate_private_key(SECP384R1())
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "key.pub").write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    for read in (signing.signer_of, signing.keyring):
        with pytest.raises(ConfigurationError, match="neither Ed25519 nor ECDSA P-256"):
            read(tmp_path / ("key" if read is signing.signer_of else "key.pub"))
