"""Where the settings of a run come from: flags over environment variables over a configuration file over defaults.

The environment variables are those of the vendor's own client.  The configuration file is YAML and obeys
``specs/schemas/configuration.schema.json``; anything it says wrongly is a ``ConfigurationError`` naming the place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from conformance import documents
from conformance.config import Auth, ExtraHeader, Features, Limits, Target
from conformance.errors import ConfigurationError

URL = "CONFLUENT_CMF_URL"
_AUTH_VARIABLES = {
    "client_cert": "CONFLUENT_CMF_CLIENT_CERT_PATH",
    "client_key": "CONFLUENT_CMF_CLIENT_KEY_PATH",
    "certificate_authority": "CONFLUENT_CMF_CERTIFICATE_AUTHORITY_PATH",
}
_PATHS = {"client_cert", "client_key", "certificate_authority", "token_file", "oauth_client_secret_file"}
_TOKEN_SOURCES = {"token_file", "token_command", "oauth_token_url"}
V = TypeVar("V", Auth, Limits, Features)
_USUAL = Limits()


def load(
    file: Path | None,
    flags: Mapping[str, Any],
    environment: Mapping[str, str] = os.environ,
    limits: Limits = _USUAL,
) -> Target:
    """The target of a run; its URL is empty when nothing names one.

    ``flags`` has ``url`` and any field of ``Auth`` and ``Limits``; those that are None were not given.  ``limits``
    hold where nothing else is configured.  Raises ``ConfigurationError``.
    """
    document = read(file) if file else {}
    url = flags.get("url") or environment.get(URL) or document.get("url")
    return Target(
        url=checked(url) if url else "",
        auth=_merged(Auth(), _auth(document.get("auth", {}), flags), _from_environment(environment), flags),
        limits=_merged(limits, document.get("limits", {}), {}, flags),
        features=_merged(Features(), document.get("features", {}), {}, flags),
    )


def with_url(target: Target, url: str) -> Target:
    """The same target at another URL."""
    return replace(target, url=url)


def with_token_file(target: Target, token_file: Path | None) -> Target:
    """The same target, with its token in this file and nowhere else."""
    auth = replace(target.auth, token_file=token_file, token_command=None, oauth_token_url=None)
    return replace(target, auth=auth)


def checked(url: str) -> str:
    """The URL without a trailing slash; raises ``ConfigurationError`` when it is none that can be used."""
    hint = "for example https://cmf.example:8080"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConfigurationError(f"The target URL {url!r} is not a URL: {error}", hint=hint) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(f"The target URL {url!r} is not an http or https URL", hint=hint)
    if parts.username or parts.password:
        raise ConfigurationError(
            "The target URL must not hold credentials", hint="give a token in CMF_CONFORMANCE_TOKEN"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(f"The target URL {url!r} has a query or fragment", hint=hint)
    return url.rstrip("/")


def read(file: Path) -> dict[str, Any]:
    """A configuration file as a dictionary; raises ``ConfigurationError``."""
    content = documents.read(file, "The configuration", "--config names a YAML file")
    hint = "docs/configuration.md lists what it may hold"
    return dict(documents.parse(content, f"The configuration {file}", "configuration", hint))


def _auth(document: Mapping[str, Any], flags: Mapping[str, Any]) -> dict[str, Any]:
    """What a file says of credentials; where a token comes from, only when no flag says so."""
    named = any(flags.get(source) is not None for source in _TOKEN_SOURCES)
    values = {key: value for key, value in document.items() if not (named and key in _TOKEN_SOURCES)}
    if "headers" in values:
        values["headers"] = tuple(
            ExtraHeader(
                header["name"],
                header.get("variable"),
                Path(header["file"]) if "file" in header else None,
                header.get("secret", True),
            )
            for header in values["headers"]
        )
    return values


def _from_environment(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: environment[variable] for name, variable in _AUTH_VARIABLES.items() if environment.get(variable)
    }


def _merged(defaults: V, *sources: Mapping[str, Any]) -> V:
    known = {field.name for field in fields(defaults)}
    values: dict[str, Any] = {}
    for source in sources:
        values.update({key: value for key, value in source.items() if key in known and value is not None})
    changed: dict[str, Any] = {key: Path(value) if key in _PATHS else value for key, value in values.items()}
    return replace(defaults, **changed)
