"""A target that is right but for reads of one environment, which it answers as no server should."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from . import misdeeds
from .misdeeds import JSON, YAML, answer, drips, endless, is_read_of_environment, says, to
from .runs import Ran
from .server import Misdeed

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DEEP = b"[" * 100_000 + b"]" * 100_000
BOMB = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (98 + level, 98 + level, b",".join([b"*%c" % (97 + level)] * 9))
    for level in range(14)
)
TWICE, OFTEN = 2, 6
READS = ("--operation=getEnvironment", "--requirement=CMF-ENV-GET")

SILENT = {
    "hangs before the headers": says(b"", then_hangs=True),
    "hangs in the headers": says(b"HTTP/1.1 200 OK\r\nContent-Ty", then_hangs=True),
    "hangs in the body": says(HEAD + b"Content-Length: 100\r\n\r\n{", then_hangs=True),
    "promises a terabyte and hangs": says(HEAD + b"Content-Length: 1000000000000\r\n\r\n{", then_hangs=True),
    "drips one byte a second": drips(HEAD),
    "floods with 1xx": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 100),
    "one header line without end": endless(HEAD + b"X-Endless: ", b"a" * 100_000),
    "closes at once": says(b""),
    "closes in the headers": says(b"HTTP/1.1 200 O"),
    "closes in the body": says(HEAD + b"Content-Length: 100\r\n\r\n{"),
    "negative Content-Length": says(HEAD + b"Content-Length: -5\r\n\r\n{}"),
    "two Content-Lengths": says(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "),
    "100,000 headers": says(HEAD + b"X-Flood: 1\r\n" * 100_000 + b"Content-Length: 2\r\n\r\n{}"),
    "invalid chunks": says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"),
    "control characters in a header": answer(b"{}", JSON, b"X-\x1b[2J: \x1b[31m\x00"),
    "no HTTP at all": says(b"\x00\xff\x1b]0;owned\x07\r\n\r\n"),
}
WRONG = {
    "too short a Content-Length": says(HEAD + b"Content-Length: 1\r\n\r\n{}{}{}"),
    "invalid UTF-8": answer(b'{"name": "\xff\xfe"}'),
    "NaN": answer(b'{"name": NaN}'),
    "100,000 levels of JSON": answer(DEEP),
    "100,000 levels of YAML": answer(DEEP, YAML),
    "a YAML bomb": answer(BOMB, YAML),
    "a million objects": answer(b"[" + b"{}," * 690_000 + b"{}]"),
    "half a million lines of YAML": answer(b"- 0\n" * 500_000, YAML),
    "text that is not the environment": answer(b'{"name": "' + b"x" * 2_000_000 + b'"}'),
    "a redirect to itself": answer(b"", JSON, b"Location: /cmf/api/v1/environments/x", status=302),
}
CUT = {
    "a gigabyte": misdeeds.gigabyte,
    "a gigabyte in chunks": endless(
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b"[" * 0x100000 + b"\r\n"
    ),
    "a gzip bomb": answer(misdeeds.bomb(), JSON, b"Content-Encoding: gzip"),
}


def each(cases: dict[str, Misdeed]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("misdeed", cases.values(), ids=cases.keys())


@each(SILENT)
def test_no_whole_answer_breaks_the_contract(run_against: Callable[..., Ran], misdeed: Misdeed) -> None:
    ran = run_against(to(is_read_of_environment, misdeed, most=TWICE * 3))
    assert ran.verdict == "non_conformant"
    assert ran.verdicts["CMF-ERR-ANSWER"] == "fail"
    assert ran.verdicts["CMF-ENV-GET"] == "not_tested", "nothing came that it could be judged by"
    assert ran.verdicts["CMF-ERR-SERVER"] != "fail", "no answer is no status of 500"
    assert "no answer to GET" in ran.messages("CMF-ERR-ANSWER")
    assert ran.document["left_behind"] == []


@each(WRONG)
def test_an_unreadable_or_wrong_answer_breaks_the_contract(
    run_against: Callable[..., Ran], misdeed: Misdeed
) -> None:
    ran = run_against(to(is_read_of_environment, misdeed, most=OFTEN), *READS)
    assert (ran.verdict, ran.verdicts) == ("non_conformant", {"CMF-ENV-GET": "fail"})
    assert ran.document["left_behind"] == []


@each(CUT)
def test_what_is_larger_than_the_limit_is_not_judged(
    run_against: Callable[..., Ran], misdeed: Misdeed
) -> None:
    ran = run_against(to(is_read_of_environment, misdeed, most=TWICE), *READS)
    assert (ran.verdict, ran.verdicts) == ("incomplete", {"CMF-ENV-GET": "not_tested"})
    assert "larger than this run reads" in ran.messages("CMF-ENV-GET")
    assert ran.document["left_behind"] == []


def test_generated_requests_without_an_answer_say_nothing_of_its_status(
    run_against: Callable[..., Ran],
) -> None:
    ran = run_against(
        to(lambda turn: is_read_of_environment(turn) and "-gen-" in turn.target, says(b""), most=TWICE * 3),
        "--operation=getEnvironment",
        "--requirement=CMF-ERR-SERVER",
        "--effort=quick",
    )
    assert (ran.verdict, ran.verdicts) == ("incomplete", {"CMF-ERR-SERVER": "not_tested"})
    assert ran.document["left_behind"] == []


def test_tags_of_yaml_run_nothing(run_against: Callable[..., Ran], tmp_path: Path) -> None:
    owned = tmp_path / "owned"
    body = f"name: !!python/object/apply:os.system ['touch {owned}']".encode()
    ran = run_against(to(is_read_of_environment, answer(body, YAML), most=OFTEN), *READS)
    assert ran.verdict == "non_conformant"
    assert not owned.exists()
