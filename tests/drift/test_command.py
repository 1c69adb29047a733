"""The command against real servers that publish a document, or something else, or nothing."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jsonschema_rs
import pytest
import trustme
import yaml

from conformance import resources
from conformance.config import Target
from conformance.drift.source import given
from conformance.errors import UsageError
from conformance.reference.launch import ReferenceServer
from conformance.registry import catalogue

from .conftest import Done, Pages

Publish = Callable[..., Pages]
Run = Callable[..., Done]
CONTRACT = resources.contract_folder("cmf-2.0") / "openapi.yaml"
TOKEN = {"CMF_CONFORMANCE_TOKEN": "a-token-of-mine"}
BOMB = b"n0: &n0 [x]\n" + b"".join(
    b"n%d: &n%d [%s]\n" % (level, level, b", ".join([b"*n%d" % (level - 1)] * 9)) for level in range(1, 9)
)


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """The contract without one operation."""
    root = yaml.safe_load(CONTRACT.read_text("utf-8"))
    del root["paths"]["/cmf/api/v1/secrets"]["post"]
    root["components"]["schemas"]["PostResourceBase"]["properties"]["name"]["maxLength"] = 300
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(root), "utf-8")
    return path


def complained(done: Done, code: int, message: str, hint: str = "") -> None:
    assert done.returncode == code, done
    line, *hints = done.stderr.splitlines()
    assert line.startswith("cmf-conformance: ")
    assert message in line
    assert hint in "".join(hints)
    assert len(hints) <= 1
    assert done.stdout == ""


def test_a_server_that_publishes_the_contract(publish: Publish, drift: Run) -> None:
    pages = publish()
    pages.answers["/v3/api-docs"] = (200, json.dumps(yaml.safe_load(CONTRACT.read_text("utf-8"))).encode())
    done = drift("--url", pages.url)
    assert done.returncode == 0
    (line,) = done.stdout.splitlines()
    assert line.startswith(
        f"0 breaking, 0 compatible, 0 editorial differences between the contract cmf-2.0 and {pages.url}"
    )
    assert [path for path, _ in pages.asked] == ["GET /v3/api-docs"]


def test_a_server_that_publishes_something_else(publish: Publish, drift: Run, changed: Path) -> None:
    pages = publish()
    pages.answers["/openapi.json"] = (200, changed.read_bytes())
    pages.answers["/v3/api-docs"] = (200, b"<html>a page for every path</html>")
    pages.answers["/v3/api-docs.yaml"] = (302, b"https://elsewhere.example/")
    done = drift("--url", pages.url, **TOKEN)
    assert done.returncode == 1
    _, lost, *_ = done.stdout.splitlines()
    assert lost == (
        "breaking   #/paths/~1cmf~1api~1v1~1secrets/post  the operation is gone: "
        '"POST /cmf/api/v1/secrets" -> nothing (createSecret)'
    )
    assert {token for _, token in pages.asked} == {"Bearer a-token-of-mine"}
    assert {path.split()[0] for path, _ in pages.asked} == {"GET"}


def test_json_for_machines(drift: Run, changed: Path) -> None:
    done = drift("--spec", changed, "--json")
    assert done.returncode == 1
    told = json.loads(done.stdout)
    schema = files("conformance.drift").joinpath("differences.schema.json").read_text("utf-8")
    jsonschema_rs.validator_for(json.loads(schema)).validate(told)
    assert told["counts"] == {"breaking": 2, "compatible": 1, "editorial": 0}
    assert told["contract"] == {"name": "cmf-2.0", "sha256": catalogue().contract_sha256}
    wider, lost, *_ = told["differences"]
    assert (wider["old"], wider["new"], wider["direction"]) == (253, 300, "response")
    assert lost == {
        "effect": "breaking",
        "kind": "operation-removed",
        "message": "the operation is gone",
        "contract": "#/paths/~1cmf~1api~1v1~1secrets/post",
        "document": "#/paths",
        "old": "POST /cmf/api/v1/secrets",
        "direction": None,
        "operations": ["createSecret"],
    }


def test_less_can_be_shown(drift: Run, tmp_path: Path) -> None:
    root = yaml.safe_load(CONTRACT.read_text("utf-8"))
    root["info"]["description"] = "\x1b[31mred\x1b[0m\nand more"
    (tmp_path / "it.yaml").write_text(yaml.safe_dump(root, sort_keys=False), "utf-8")
    told = drift("--spec", "it.yaml")
    assert told.returncode == 0
    assert len(told.stdout.splitlines()) == 2
    assert "\x1b" not in told.stdout
    assert len(drift("--spec", "it.yaml", "--show", "compatible").stdout.splitlines()) == 1


def test_a_server_that_publishes_nothing(drift: Run) -> None:
    with ReferenceServer() as server:
        complained(drift("--url", server.url), 3, "publishes no OpenAPI document", "--spec names")


def test_a_server_that_shows_it_to_nobody(publish: Publish, drift: Run) -> None:
    pages = publish()
    pages.answers["/v3/api-docs"] = (403, b"")
    complained(drift("--url", pages.url), 3, "403 (1 times), 404 (11 times)", "credentials that may read it")


def test_nobody_there(drift: Run) -> None:
    complained(drift("--url", "http://127.0.0.1:1"), 3, "can't be reached", "is the server running")
    complained(drift("--spec", "http://127.0.0.1:1/x"), 3, "can't be reached", "is the server running")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"swagger": "2.0", "paths": {}}', "is a Swagger 2.0 document"),
        (b'{"openapi": "2.5.0", "paths": {}}', "is written in OpenAPI 2.5.0"),
        (b'{"hello": 1}', "has no field 'openapi'"),
        (b"- a list", "is no object"),
        (b"just text", "is no object"),
        (b"{ broken", "can't be read: not JSON"),
        (b"a: [b\n", "can't be read: neither JSON nor YAML"),
        (b"\xff\xfe\x00", "can't be read: not UTF-8"),
        (b"openapi: 3.0.1\nx: !!python/object/apply:os.system [echo]\n", "can't be read"),
        (BOMB, "too large or too deep"),
        (b"[" * 5000, "can't be read"),
        (b'{"openapi": "3.0.1", "paths": []}', "'paths' is no object"),
    ],
    ids=range(12),
)
def test_what_is_no_openapi_document(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "it").write_bytes(content)
    with pytest.raises(UsageError) as caught:
        given(str(tmp_path / "it"), Target(""))
    assert message in caught.value.message
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.message


def test_a_published_swagger_document_is_no_openapi_document(publish: Publish, drift: Run) -> None:
    pages = publish()
    pages.answers["/v2/api-docs"] = (200, b'{"swagger": "2.0"}')
    complained(
        drift("--url", pages.url), 2, "/v2/api-docs is a Swagger 2.0 document", "convert it to OpenAPI 3"
    )


def test_nothing_to_compare_and_a_file_that_is_not_there(drift: Run) -> None:
    complained(drift(), 2, "There is nothing to compare", "--spec")
    complained(
        drift("--spec", "nowhere.yaml"), 2, "'nowhere.yaml' can't be read: No such file", "--spec names"
    )
    complained(drift("--spec", "http://me:secret@host/x"), 2, "holds credentials")


def test_credentials_go_to_the_target_only(publish: Publish, drift: Run) -> None:
    target, elsewhere = publish(), publish()
    for pages in (target, elsewhere):
        pages.answers["/spec?group=cmf%20all"] = (200, CONTRACT.read_bytes())
    for pages in (target, elsewhere):
        done = drift("--url", target.url, "--spec", f"{pages.url}/spec?group=cmf%20all", **TOKEN)
        assert done.returncode == 0, done
    assert target.asked == [("GET /spec?group=cmf%20all", "Bearer a-token-of-mine")]
    assert elsewhere.asked == [("GET /spec?group=cmf%20all", None)]


def test_a_url_that_answers_otherwise(publish: Publish, drift: Run) -> None:
    pages = publish()
    pages.answers["/moved"] = (301, b"/new-place")
    complained(drift("--spec", f"{pages.url}/moved"), 3, "redirects are not followed", "points to /new-place")
    complained(drift("--spec", f"{pages.url}/lost"), 3, "/lost answers 404")


def test_tls_is_verified(publish: Publish, drift: Run, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    pages = publish(context)
    pages.answers["/openapi.yaml"] = (200, CONTRACT.read_bytes())
    complained(drift("--url", pages.url), 3, "CERTIFICATE_VERIFY_FAILED", "--certificate-authority")
    assert drift("--url", pages.url, "--certificate-authority", "ca.pem").returncode == 0
