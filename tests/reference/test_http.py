from __future__ import annotations

import time

import httpx
import pytest
import yaml

from .samples import application


@pytest.mark.parametrize("path", ["/hello", "/", "/cmf/api/v1", "/cmf/api/v1/environments/", "/cmf/api/v1/environments%0a",
                                  "/cmf/api/v2/environments", "//cmf/api/v1/environments"])  # fmt: skip
def test_unknown_routes(client: httpx.Client, path: str) -> None:
    request = client.build_request("GET", "/")
    request.url = client.base_url.copy_with(raw_path=path.encode())
    answer = client.send(request)
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["message"].startswith("Resource not found: [")


def test_an_unknown_route_is_named_as_documented(client: httpx.Client) -> None:
    assert client.get("/hello").json() == {"errors": [{"message": "Resource not found: [hello]"}]}
    assert client.get("/").json() == {"errors": [{"message": "Resource not found: []"}]}


def test_an_error_comes_in_the_type_asked_for(client: httpx.Client) -> None:
    answer = client.get("/hello", headers={"accept": "application/yaml"})
    assert answer.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(answer.content) == {"errors": [{"message": "Resource not found: [hello]"}]}
    answer = client.get("/hello", headers={"accept": "image/png"})
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


@pytest.mark.parametrize(
    ("method", "suffix", "allowed"),
    [
        ("PUT", "", "DELETE, GET, HEAD"),
        ("PATCH", "", "DELETE, GET, HEAD"),
        ("POST", "", "DELETE, GET, HEAD"),
        ("OPTIONS", "", "DELETE, GET, HEAD"),
        ("PUT", "/applications", "GET, HEAD, POST"),
        ("PUT", "/applications/app-1", "DELETE, GET, HEAD"),
        ("GET", "/applications/app-1/start", "POST"),
    ],
)
def test_wrong_methods(client: httpx.Client, home: str, method: str, suffix: str, allowed: str) -> None:
    answer = client.request(method, home + suffix, json={"name": home.rpartition("/")[2]})
    assert answer.status_code == 405
    assert answer.headers["allow"] == allowed
    assert answer.json()["errors"][0]["message"]


def test_head_is_get_without_a_body(client: httpx.Client, home: str) -> None:
    read, headed = client.get(home), client.head(home)
    assert headed.status_code == 200
    assert headed.content == b""
    assert headed.headers["content-length"] == read.headers["content-length"]


def test_a_slash_inside_a_name_stays_inside(client: httpx.Client, home: str) -> None:
    name = home.rpartition("/")[2]
    request = client.build_request("GET", "/")
    request.url = client.base_url.copy_with(raw_path=f"/cmf/api/v1/environments%2F{name}".encode())
    assert client.send(request).status_code == 404


def test_conditional_reading(client: httpx.Client, home: str) -> None:
    client.post(home + "/applications", json=application("app-1"))
    # Its status is still on the way, and changes what is read.
    time.sleep(0.1)
    first = client.get(home + "/applications")
    tag = first.headers["etag"]
    for given in (tag, f'"other", {tag}', f"W/{tag}", "*"):
        answer = client.get(home + "/applications", headers={"if-none-match": given})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
        assert "content-type" not in answer.headers
    for given in ('"other"', "", tag.strip('"')):
        assert client.get(home + "/applications", headers={"if-none-match": given}).status_code == 200
    yaml_tag = client.get(home + "/applications", headers={"accept": "application/yaml"}).headers["etag"]
    assert yaml_tag != tag
    client.post(home + "/applications", json=application("app-1", image="new"))
    changed = client.get(home + "/applications", headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    assert "etag" not in client.get(home).headers
