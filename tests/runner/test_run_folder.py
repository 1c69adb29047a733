"""What a run leaves in its folder, and what it does with what an earlier one has left there."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Running
from .samples import GET, LIST, THREE, UPDATE


def test_allure_results_carry_labels_severity_and_exchanges(run: Running) -> None:
    text = """
    @requirement("CMF-ENV-GET", "CMF-ENV-REPLACE")
    def test_one(check, cmf):
        answer = cmf.environments.list(size=1)
        for name in ("CMF-ENV-GET", "CMF-ENV-REPLACE"):
            with check(name, "looks"):
                answer.expect(418)
    """
    ran = run(text, GET, "CMF-ENV-REPLACE")
    folder = ran.outcome.folder / "allure-results"
    (result,) = [json.loads(path.read_text("utf-8")) for path in folder.glob("*-result.json")]
    labels = {(label["name"], label["value"]) for label in result["labels"]}
    assert {("requirement", GET), ("requirement", "CMF-ENV-REPLACE"), ("area", "environments")} <= labels
    assert {("level", "MUST"), ("level", "SHOULD"), ("severity", "critical")} <= labels
    assert result["status"] == "failed"
    assert "CMF-ENV-GET: looks: the answer of getEnvironments" in result["statusDetails"]["message"]
    attachments = [each["source"] for each in result.get("attachments", ())]
    attachments += [
        each["source"]
        for path in folder.glob("*-container.json")
        for fixture in json.loads(path.read_text("utf-8")).get("afters", ())
        for each in fixture.get("attachments", ())
    ]
    exchanges = "".join((folder / name).read_text("utf-8") for name in attachments)
    assert "/cmf/api/v1/environments?size=1" in exchanges


def test_a_second_run_into_the_same_folder_replaces_the_first(run: Running) -> None:
    text = THREE.format(body="with check('CMF-ENV-UPDATE', 'looks'):\n        pass")
    first = run(text, GET, UPDATE, LIST)
    second = run(text, GET)
    assert second.outcome.folder == first.outcome.folder
    assert second.document["run"]["id"] != first.document["run"]["id"]
    assert len(list((second.outcome.folder / "allure-results").glob("*-result.json"))) == 1
    assert [path.name for path in second.outcome.folder.glob("ledger*")] == ["ledger.ndjson"]


def test_the_ledger_of_a_run_that_left_something_is_kept(run: Running, tmp_path: Path) -> None:
    run("", GET)
    ledger = tmp_path / "report" / "ledger.ndjson"
    header = json.loads(ledger.read_text("utf-8").splitlines()[0])
    entry = {
        "event": "intend",
        "kind": "environments",
        "name": f"{header['prefix']}a",
        "at": "2025-03-31T11:34:01Z",
    }
    entry["path"] = f"/cmf/api/v1/environments/{entry['name']}"
    with ledger.open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
    run("", GET)
    kept = ledger.with_name(f"ledger-{header['run']}.ndjson")
    assert entry["name"] in kept.read_text("utf-8")
    assert entry["name"] not in ledger.read_text("utf-8")
