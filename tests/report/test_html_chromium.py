"""The HTML report in a real browser: hostile text is text only, and a narrow screen will do."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from conformance.report.render import render_all

from .samples import Sample

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine"),
]

PROBE = """
const all = [...document.querySelectorAll("*")];
const shownRows = () => document.querySelectorAll("#requirements li[data-verdict]:not([hidden])").length;
const before = shownRows();
const verdict = document.getElementById("filter-verdict");
verdict.value = "fail";
verdict.dispatchEvent(new Event("input", {bubbles: true}));
const filtered = shownRows();
const out = document.createElement("output");
out.id = "probe";
out.textContent = JSON.stringify({
  pwned: window.pwned ?? null, width: document.documentElement.scrollWidth, view: innerWidth,
  before, filtered, form: !document.getElementById("filter").hidden,
  handlers: all.filter((each) => [...each.attributes].some((name) => name.name.startsWith("on"))).length,
});
document.body.append(out);
window.parent.postMessage(out.textContent, "*");
"""

NARROW = """<!DOCTYPE html><iframe src="probed.html" width="360" height="800" style="border:0"></iframe>
<script>onmessage = (event) => { document.body.innerHTML = "<output id=probe></output>";
document.getElementById("probe").textContent = event.data; };</script>"""
"""A frame as wide as a telephone; a headless window itself can't be narrower than 500 pixels."""


def dom(path: Path, folder: Path) -> html.HtmlElement:
    """The document as the browser has it after running what the page lets it run."""
    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, timeout=90)
    return html.document_fromstring(done.stdout.decode("utf-8"))


def probed(path: Path) -> Path:
    """A copy of the page whose policy lets a script of this test in as well."""
    text = path.read_text(encoding="utf-8")
    text = re.sub(r"script-src '[^']+'", "script-src 'unsafe-inline'", text, count=1)
    copy = path.with_name("probed.html")
    copy.write_text(text.replace("</body>", f"<script>{PROBE}</script></body>"), encoding="utf-8")
    return copy


def test_verdict_and_failures_are_in_the_dom_and_the_filter_runs(sample: Sample, tmp_path: Path) -> None:
    page = render_all(sample.save(tmp_path))[0]
    document = dom(page, tmp_path)
    assert document.find(".//section[@class='verdict non_conformant']/h2").text == "Not conformant"
    assert [each.get("id") for each in document.findall(".//section[@id='fail']/article")] == [
        "CMF-ID-MIN",
        "CMF-ERR-ANSWER",
    ]
    assert document.get_element_by_id("filter-found").text == "9 of 9 shown"
    assert document.get_element_by_id("filter").get("hidden") is None


def test_hostile_text_makes_no_element_and_runs_no_script(hostile: Sample, tmp_path: Path) -> None:
    page = render_all(hostile.save(tmp_path))[0]
    document = dom(page, tmp_path)
    assert len(document.xpath("//script")) == 1
    assert document.xpath("//img | //iframe | //object | //*[@onerror]") == []
    assert "<script>window.pwned=1</script>" in document.get_element_by_id("CMF-ENV-GET").text_content()


def test_even_without_its_policy_nothing_hostile_runs(hostile: Sample, tmp_path: Path) -> None:
    page = probed(render_all(hostile.save(tmp_path))[0])
    found = json.loads(dom(page, tmp_path).get_element_by_id("probe").text)
    assert (found["pwned"], found["handlers"]) == (None, 0)


@pytest.mark.parametrize("kind", ["sample", "hostile"])
def test_a_screen_of_360_pixels_needs_no_sideways_scrolling(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    made: Sample = request.getfixturevalue(kind)
    page = probed(render_all(made.save(tmp_path))[0]).with_name("narrow.html")
    page.write_text(NARROW, encoding="utf-8")
    found = json.loads(dom(page, tmp_path).get_element_by_id("probe").text)
    assert found["view"] == 360
    assert found["width"] <= 360
    assert found["form"] is True
    if kind == "sample":
        assert (found["before"], found["filtered"]) == (9, 2)
