"""Nothing that a target answers is a defect of the harness."""

from __future__ import annotations

import pytest

from conformance.contract.judgement import Judge
from conformance.model import Verdict

from .conftest import Exchanging
from .samples import YAML, wrong

HOSTILE = {
    "half a surrogate pair": b'{"name": "\\ud800bcd", "kubernetesNamespace": "default"}',
    "half a pair as a key": b'{"\\udfff": null, "name": "abcd", "kubernetesNamespace": "default"}',
    "an infinite number": b'{"name": "abcd", "kubernetesNamespace": "default", "x": 1e999}',
    "a number of 5000 digits": b'{"name": "abcd", "kubernetesNamespace": "d", "x": ' + b"9" * 5000 + b"}",
    "300 levels": b'{"name": "abcd", "kubernetesNamespace": "d", "x": ' + b'{"a":' * 300 + b"1" + b"}" * 301,
    "900 levels": b"[" * 900 + b"]" * 900,
    "100000 levels": b"[" * 100_000 + b"]" * 100_000,
    "100000 levels unclosed": b"[" * 100_000,
    "100000 levels of block YAML": b"- " * 100_000,
    "NUL": b"\0",
    "a byte order mark": b"\xef\xbb\xbf{}",
    "half a surrogate pair in an error": b'{"errors": [{"message": "\\ud800"}]}',
    "half a surrogate pair as a time": b'{"name": "abcd", "kubernetesNamespace": "d", "created_time": "\\ud800"}',
    "the end of time": b'{"name": "abcd", "kubernetesNamespace": "d", "created_time": "9999-12-31T23:59:60Z"}',
    "items of items": b'{"items": [{"items": 1}, 2, null, []], "metadata": []}',
    "a bomb": b"a: &a [x, x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(97, 121)),
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=list(HOSTILE))
@pytest.mark.parametrize(
    "declared", ["application/json", YAML, "text/plain", "", ";;;=", "application/json;charset"]
)
@pytest.mark.parametrize(
    ("operation", "status"), [("getEnvironment", 200), ("getEnvironments", 200), ("getEnvironment", 404)]
)
def test_nothing_a_target_says_is_a_defect_of_the_harness(
    judge: Judge, exchange: Exchanging, body: bytes, declared: str, operation: str, status: int
) -> None:
    findings = judge.judge(exchange(operation, status, body, declared=declared))
    assert {each.outcome for each in findings} <= {Verdict.PASS, Verdict.FAIL, Verdict.WARN}


def test_a_long_integer_and_deep_objects_are_well_formed(judge: Judge, exchange: Exchanging) -> None:
    for kind in ("a number of 5000 digits", "300 levels", "an infinite number"):
        assert wrong(judge.judge(exchange("getEnvironment", 200, HOSTILE[kind]))) == {}
