"""Bundles that only playing the run back shows to be forged."""

from __future__ import annotations

from typing import Any

import pytest

from .forging import Change, Forged, at


def test_a_check_that_is_said_to_have_seen_something_else(forged: Forged) -> None:
    """The name of a check is neither counted nor judged anywhere else."""

    def rename(report: dict[str, Any]) -> None:
        each = next(each for each in report["requirements"] if each["id"] == "CMF-ENV-UPDATE")
        each["checks"][0]["name"] = "something better"

    forged.edit(rename)
    assert forged.wrong() == {}
    messages = [flaw.message for flaw in forged.verify(again=True).flaws]
    assert messages[0] == "CMF-ENV-UPDATE: the report has 1 checks more, such as pass of something better"
    assert messages[1].startswith("CMF-ENV-UPDATE: the evidence gives 1 checks more, such as pass of ")


def test_evidence_that_shows_something_else_than_was_concluded(forged: Forged) -> None:
    """Each answer obeys its schema; only who knows what was sent before sees that it is wrong."""
    lines = forged.lines()
    last: dict[str, dict[str, Any]] = {}
    for line in lines:
        request, response = line["request"], line["response"]
        if line["operation"] != "getEnvironment" or response["status"] != 200:
            continue
        earlier = last.get(request["url"])
        changed = earlier and earlier["response"]["body"] != response["body"]
        if changed and dict(earlier["response"]["headers"]) == dict(response["headers"]):
            # What was read before the update is read after it.
            response["body"] = earlier["response"]["body"]
            break
        last[request["url"]] = line
    forged.put(lines)
    assert forged.wrong() == {}
    (first, *_) = [flaw.message for flaw in forged.verify(again=True).flaws]
    assert " is said to be pass, its evidence makes it fail: " in first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("run/seed", 8), "the evidence has nothing for "),
        (at("run/limits", {"speed": 7}), "the run can't be played back: "),
        (at("target/declared_features/wings", True), "the run can't be played back: "),  # noqa: FBT003 - a value
        (at("run/id", "../../../x"), "'../../../x' is no id of a run"),
    ],
)
def test_a_run_that_cannot_have_been_so(forged: Forged, change: Change, message: str) -> None:
    forged.edit(change)
    messages = [flaw.message for flaw in forged.verify(again=True).flaws if flaw.aspect == "again"]
    assert any(each.startswith(message) for each in messages), messages
