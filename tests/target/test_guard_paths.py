"""Which paths may be read and written, and that no reading of one that passes means anything foreign."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.config import Mode

from .conftest import ENVIRONMENTS
from .judging import OURS, judged


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize(
    "path", ["/hello", "/", "/cmf/api/v1/environments/prod", "/a/../b", "/%2e%2e%2f", "//x", "/a;b", "/%00"]
)
def test_reads_go_anywhere(method: str, path: str) -> None:
    assert judged(method, path, query=(("page", "0"),)) is None


@pytest.mark.parametrize("path", ["", "hello", "http://other/x", "/a b", "/a\r\nHost: x", "/é", "/a?b=c"])
def test_paths_that_are_none_are_refused(path: str) -> None:
    assert judged("GET", path) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/cmf/api/v1/environments"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}"),
        ("PATCH", f"/cmf/api/v1/environments/{OURS}"),
        ("POST", f"/cmf/api/v1/environments/{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%0A"),
        ("DELETE", f"/cmf/api/v1/environments/-{OURS}..a%20b%C3%A9"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}/applications/abc"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/abc"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/abc/start"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/abc/suspend"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/statements/abc"),
        ("PUT", f"/cmf/api/v1/environments/{OURS}/secret-mappings/abc"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/compute-pools/abc"),
        ("DELETE", f"/cmf/api/v1/secrets/{OURS}"),
        ("DELETE", f"/cmf/api/v1/catalogs/kafka/{OURS}"),
    ],
)
def test_writes_to_our_own_are_sent(method: str, path: str) -> None:
    assert judged(method, path) is None
    assert "read-only" in (judged(method, path, mode=Mode.READ_ONLY) or "")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/cmf/api/v1/environments"),
        ("PUT", "/cmf/api/v1/environments"),
        ("DELETE", "/cmf/api/v1/environments/"),
        ("DELETE", "/cmf/api/v1/environments/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/.."),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/%2e%2e"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/applications/%2e%2e%20"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%2f..%2fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%252f..%252fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/../prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}/..;/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS};x=/prod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%5c..%5cprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%ef%bc%8f..%ef%bc%8fprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%c0%afprod"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%0d%0aX"),
        ("DELETE", f"/cmf/api/v1/environments/%00{OURS}"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%3fx"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%3bx"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%23x"),
        ("DELETE", f"/cmf/api/v1/environments/{OURS}%zz"),
        ("DELETE", f"/cmf/api/v1/%65nvironments/{OURS}"),
        ("DELETE", f"/cmf//api/v1/environments/{OURS}"),
        ("DELETE", f"/CMF/api/v1/environments/{OURS}"),
        ("DELETE", "/cmf/api/v1/environments/prod/applications/" + OURS),
        ("POST", "/cmf/api/v1/environments/prod/applications"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/a/cancel"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/applications/a/start/x"),
        ("POST", f"/cmf/api/v1/environments/{OURS}/statements/a/start"),
        ("POST", f"/cmf/api/v1alpha1/environments/{OURS}/applications/a/events"),
        ("DELETE", f"/cmf/api/v1/secrets/{OURS}/x"),
        ("DELETE", "/cmf/api/v1/catalogs/" + OURS),
        ("TRACE", f"/cmf/api/v1/environments/{OURS}"),
        ("CONNECT", f"/cmf/api/v1/environments/{OURS}"),
        ("delete", f"/cmf/api/v1/environments/{OURS}"),
        ("DE LETE", f"/cmf/api/v1/environments/{OURS}"),
    ],
)
def test_other_writes_are_not_sent(method: str, path: str) -> None:
    assert judged(method, path) is not None


# What an independent, lenient server would do with what the guard lets pass.
_SEPARATORS = [
    "/",
    "\\",
    "%",
    "..",
    ".",
    ";",
    "%2f",
    "%2F",
    "%5c",
    "%2e",
    "%252f",
    "%00",
    "%0a",
    "?",
    "#",
    " ",
    "%25252f",
    "%2E%2e",
    "%c0%af",
    "%C0%AE",
    "%e0%80%af",
    "%f0%80%80%af",
    "%ef%bc%8f",
    "%u002f",
    "%u2215",
    "/./",
    "/../",
    "/.;/",
    "//",
]
_WORDS = [
    OURS,
    OURS.upper(),
    "prod",
    "environments",
    "applications",
    "secrets",
    "start",
    "cmf",
    "api",
    "v1",
    "a",
]
_PATHS = st.lists(st.sampled_from(_SEPARATORS + _WORDS + ["/"] * 6), max_size=10).map("".join)
_SUFFIXES = st.one_of(
    _PATHS,
    st.sampled_from(["", f"/{OURS}", "/prod", f"/{OURS}/applications", f"/{OURS}/applications/a"]).flatmap(
        lambda start: _PATHS.map(lambda end: start + end)
    ),
)
_BASES = ["/cmf/api/v1/environments", "/cmf/api/v1/secrets", "/cmf/api/v1/catalogs/kafka", "/cmf/api/v1", ""]
_METHODS = st.sampled_from(["POST", "PUT", "PATCH", "DELETE", "TRACE", "get", "PURGE"])


def _overlong(path: str) -> str:
    """A path as a decoder reads it that takes longer forms of UTF-8 than needed, and Microsoft's ``%uXXXX``."""
    path = re.sub(r"%u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), path, flags=re.IGNORECASE)
    for lead, rest in (("c[01]", 1), ("e0", 2), ("f0", 3)):
        pattern = f"%{lead}((?:%[89ab][0-9a-f]){{{rest}}})"
        path = re.sub(pattern, lambda found: _last_bits(found[0]), path, flags=re.IGNORECASE)
    return path


def _last_bits(sequence: str) -> str:
    lead, *following = bytes.fromhex(sequence.replace("%", ""))
    value = lead & (0xFF >> (len(following) + 2))
    for byte in following:
        value = value << 6 | byte & 0x3F
    return chr(value) if value < 0x110000 else sequence


def test_the_lenient_reader_takes_overlong_forms() -> None:
    for form in ("%c0%af", "%C0%AF", "%e0%80%af", "%f0%80%80%af", "%u002f"):
        assert _overlong(f"a{form}b") == "a/b"
    assert _overlong("%c0%ae%c0%ae") == ".."


def _lenient_places(path: str) -> set[tuple[str, ...]]:
    """The resources that a path means to servers that decode, normalise and strip in every order."""
    readings = {path}
    for _ in range(3):
        readings |= {unquote(reading) for reading in readings}
        readings |= {_overlong(reading) for reading in readings}
        readings |= {unicodedata.normalize("NFKC", reading) for reading in readings}
    places: set[tuple[str, ...]] = set()
    for reading in readings:
        for text in (
            reading,
            re.sub(r";[^/]*", "", reading),
            reading.split("?")[0],
            reading.replace("\\", "/"),
        ):
            segments: list[str] = []
            for segment in text.split("/"):
                if segment.strip() == "..":
                    segments[-1:] = []
                elif segment.strip() not in {"", "."}:
                    segments.append(segment)
            places.add(tuple(segments))
            places.add(tuple(text.split("/")))
    return places


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(_METHODS, st.sampled_from(_BASES), _SUFFIXES)
def test_no_path_that_passes_means_anything_foreign_to_anyone(method: str, base: str, suffix: str) -> None:
    path = base + suffix
    if judged(method, path) is not None:
        return
    for place in _lenient_places(path):
        below = [part for part in place if part]
        # The collection itself is written to by POST only, and without a body that does nothing.
        assert method == "POST" or len(below) > len(base.strip("/").split("/")), place
        for collection in ("environments", "secrets", "kafka"):
            if collection in below[:4] and len(below) > below.index(collection) + 1:
                # What stands before the prefix, unless it is a letter or digit, makes it an illegal name of ours.
                name = re.sub(r"^[^a-z0-9]+", "", below[below.index(collection) + 1].lower())
                assert name.startswith(OURS.lower()), place


@settings(max_examples=300, deadline=None, database=None)
@given(
    st.sampled_from(["http://", "https://", "//", "HTTP://", "\\\\", "ftp:", "@", ":80/", "user@", ""]),
    st.sampled_from(["other.example", "127.0.0.1:1", "[::1]", ""]),
    st.sampled_from([f"{ENVIRONMENTS}/{OURS}", ENVIRONMENTS, "/"]),
    st.sampled_from(["DELETE", "PUT", "POST", "GET"]),
)
def test_no_path_leads_to_another_host(scheme: str, host: str, path: str, method: str) -> None:
    whole = scheme + host + path
    if judged(method, whole) is None:
        # What leaves begins with a slash, and a write with the route itself: it is a path, whoever reads it.
        assert whole.startswith("/")
        assert method == "GET" or whole.startswith("/cmf/api/v1/")
