from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from conformance import settings
from conformance.config import Auth, ExtraHeader, Features, Limits, Target
from conformance.errors import ConfigurationError

FILE = """
url: https://file.example
auth:
  token_file: /file/token
  client_cert: /file/cert
limits:
  settle: 3
  requests_per_second: null
features:
  flink: false
  namespace: streams
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "configuration.yaml"
    path.write_text(FILE, "utf-8")
    return path


def test_defaults() -> None:
    assert settings.load(None, {}, {}) == Target(url="")


def test_a_file_is_stronger_than_defaults(file: Path) -> None:
    target = settings.load(file, {}, {})
    assert target.url == "https://file.example"
    assert target.auth == Auth(token_file=Path("/file/token"), client_cert=Path("/file/cert"))
    assert target.limits == Limits(settle=3)
    assert target.features == Features(flink=False, namespace="streams")


def test_the_environment_is_stronger_than_a_file(file: Path) -> None:
    environment = {"CONFLUENT_CMF_URL": "https://env.example", "CONFLUENT_CMF_CLIENT_CERT_PATH": "/env/cert"}
    target = settings.load(file, {}, environment)
    assert target.url == "https://env.example"
    assert target.auth == Auth(token_file=Path("/file/token"), client_cert=Path("/env/cert"))


def test_flags_are_stronger_than_all(file: Path) -> None:
    environment = {"CONFLUENT_CMF_URL": "https://env.example", "CONFLUENT_CMF_CLIENT_CERT_PATH": "/env/cert"}
    flags = {
        "url": "https://flag.example",
        "client_cert": Path("/flag/cert"),
        "client_key": None,
        "settle": 1.5,
        "read_timeout": None,
        "profile": "core",
    }
    target = settings.load(file, flags, environment)
    assert target.url == "https://flag.example"
    assert target.auth == Auth(token_file=Path("/file/token"), client_cert=Path("/flag/cert"))
    assert target.limits == Limits(settle=1.5)


def test_empty_variables_say_nothing(file: Path) -> None:
    environment = {"CONFLUENT_CMF_URL": "", "CONFLUENT_CMF_CLIENT_CERT_PATH": ""}
    assert settings.load(file, {}, environment) == settings.load(file, {}, {})


def test_the_variables_of_the_vendors_client() -> None:
    environment = {
        "CONFLUENT_CMF_CLIENT_CERT_PATH": "/c",
        "CONFLUENT_CMF_CLIENT_KEY_PATH": "/k",
        "CONFLUENT_CMF_CERTIFICATE_AUTHORITY_PATH": "/a",
    }
    auth = settings.load(None, {}, environment).auth
    assert auth == Auth(client_cert=Path("/c"), client_key=Path("/k"), certificate_authority=Path("/a"))


def test_every_setting_can_stand_in_a_file(tmp_path: Path) -> None:
    sections = {"auth": Auth(), "limits": Limits(), "features": Features()}
    lines = []
    for section, value in sections.items():
        lines.append(f"{section}:")
        for each in fields(value):
            known = getattr(value, each.name)
            text = "/a/path" if known is None and section == "auth" else list(known) if known == () else known
            lines.append(f"  {each.name}: {'null' if text is None else repr(text).replace('True', 'true')}")
    path = tmp_path / "all.yaml"
    path.write_text("\n".join(lines), "utf-8")
    target = settings.load(path, {}, {})
    assert target.limits == Limits()
    assert target.features == Features()
    assert target.auth.client_key == Path("/a/path")


def test_a_flag_for_a_token_replaces_every_source_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "configuration.yaml"
    path.write_text("auth: {token_file: t, oauth_scope: s, oauth_client_secret_file: f}", "utf-8")
    secret = Path("f")
    assert settings.load(path, {"token_command": "c"}, {}).auth == Auth(
        token_command="c",  # noqa: S106 - a command
        oauth_scope="s",
        oauth_client_secret_file=secret,
    )
    target = settings.load(path, {"oauth_token_url": "https://x/t"}, {})
    assert target.auth.token_file is None
    assert target.auth.oauth_token_url == "https://x/t"  # noqa: S105 - a URL
    assert settings.with_token_file(target, Path("r")).auth == Auth(
        token_file=Path("r"), oauth_scope="s", oauth_client_secret_file=secret
    )


def test_headers_name_where_their_values_are(tmp_path: Path) -> None:
    path = tmp_path / "configuration.yaml"
    path.write_text(
        "auth:\n  headers:\n  - {name: X-Key, variable: KEY}\n  - {name: X-Tenant, file: t, secret: false}\n"
    )
    assert settings.load(path, {}, {}).auth.headers == (
        ExtraHeader("X-Key", variable="KEY"),
        ExtraHeader("X-Tenant", file=Path("t"), secret=False),
    )


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    for number, content in enumerate(("", "# nothing\n", "{}", "---\n")):
        path = tmp_path / f"{number}.yaml"
        path.write_text(content, "utf-8")
        assert settings.load(path, {}, {}) == Target(url="")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "can't be used: not YAML: "),
        ("a: b: c", "can't be used: not YAML: "),
        ("a: 1\n\tb: 2", "in line 2"),
        ("- url", 'is wrong at the top: ["url"] is not of type "object"'),
        ("text", "is wrong at the top: "),
        ("0", "is wrong at the top: "),
        ("uri: http://x", "is wrong at the top: "),
        ("url: 1", 'is wrong at url: 1 is not of type "string"'),
        ("url: [http://x]", "is wrong at url: "),
        ("url: 2025-99-99", "'2025-99-99' is not an http or https URL"),
        ("limits: {settle: soon}", 'is wrong at limits/settle: "soon" is not of type "number"'),
        ("limits: {settle: 0}", "is wrong at limits/settle: "),
        ("limits: {total_requests: 1.5}", "is wrong at limits/total_requests: "),
        ("limits: {settel: 1}", "is wrong at limits: "),
        ("limits: null", "is wrong at limits: "),
        ("features: {flink: 1}", "is wrong at features/flink: "),
        ("features: {flink: yes}", 'is wrong at features/flink: "yes" is not of type "boolean"'),
        ("auth: {token: secret}", "is wrong at auth: "),
        ("auth: {oauth_client_secret: secret}", "is wrong at auth: "),
        ("auth: {headers: {X-Key: secret}}", "is wrong at auth/headers: "),
        ("auth: {headers: [{name: X-Key, value: secret}]}", "is wrong at auth/headers/0: "),
        ("auth: {headers: [{name: X-Key}]}", "is wrong at auth/headers/0: "),
        ("auth: {headers: [{name: X-Key, variable: A, file: b}]}", "is wrong at auth/headers/0: "),
        ("1: 2", "Additional properties are not allowed ('1' was unexpected)"),
        ("? [a]\n: b", "can't be used: not YAML: "),
        ("url: !!binary aGk=", "can't be used: a bytes has no JSON value"),
        ("!!python/object/apply:os.system [id]", "can't be used: not YAML: "),
        ("url: !!timestamp 2025-03-31", "can't be used: a date has no JSON value"),
        ("limits: {settle: .inf}", "can't be used: .inf has no JSON value"),
        ("a: 1\n---\nb: 1", "can't be used: more than one YAML document"),
        ("[" * 100_000, "can't be used: "),
        ("url: ftp://x", "The target URL 'ftp://x' is not an http or https URL"),
        ("url: cmf.example:8080", "is not an http or https URL"),
        ("url: 'http://'", "is not an http or https URL"),
        ("url: http://x:99999", "is not a URL"),
        ("url: http://[::1", "is not a URL"),
        ("url: http://user:pw@x", "The target URL must not hold credentials"),
        ("url: http://x?a=1", "has a query or fragment"),
        ("url: http://x#a", "has a query or fragment"),
    ],
)
def test_a_bad_file_is_one_line_that_names_the_place(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(ConfigurationError) as caught:
        settings.load(path, {}, {})
    assert message in caught.value.message
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_files_that_cant_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("url: é".encode("latin-1"))
    (tmp_path / "binary.yaml").write_bytes(bytes(range(256)))
    for name, reason in {
        "missing.yaml": "No such file or directory",
        ".": "Is a directory",
        "latin.yaml": "not UTF-8 at byte 5",
        "binary.yaml": "not UTF-8 at byte",
        "nul\0.yaml": "null byte",
    }.items():
        with pytest.raises(ConfigurationError) as caught:
            settings.load(tmp_path / name, {}, {})
        assert reason in caught.value.message
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ("http://x", "http://x"),
        ("https://x:8080/", "https://x:8080"),
        ("http://x/gateway//", "http://x/gateway"),
        ("http://[::1]:80", "http://[::1]:80"),
    ],
)
def test_urls(given: str, used: str) -> None:
    assert settings.checked(given) == used
    target = settings.with_url(Target(url="", limits=Limits(settle=1)), used)
    assert target == Target(url=used, limits=Limits(settle=1))


def test_any_flag_of_a_target_can_be_given() -> None:
    flags: dict[str, Any] = {"url": "http://x", "max_time": 9.0, "token_file": Path("t")}
    target = settings.load(None, flags, {"CONFLUENT_CMF_URL": "http://y"})
    assert (target.url, target.limits.max_time, target.auth.token_file) == ("http://x", 9.0, Path("t"))
