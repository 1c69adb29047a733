"""The site of bundles: read by an HTML parser that is not ours, and by a real browser where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from lxml import etree, html  # type: ignore[import-untyped]  # it has no types of its own

from conformance.certification import bundle, signing
from conformance.reference.launch import ReferenceServer
from conformance.registry import catalogue

from .conftest import Call
from .forging import DESCRIBED, Certified, Forged, certify

KNOWN = catalogue()
OURS = "example-corp-reference-server-0.1.0"
EVIL = "<img src=x onerror=alert(1)>\u202e.'\""
MARKUP = "</td><script>window.pwned=1</script>{{ 7*7 }}"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND"),
)


@dataclass(frozen=True)
class Built:
    """A site, and what the command said of it."""

    reports: Path
    site: Path
    code: int
    said: str

    @property
    def pages(self) -> list[Path]:
        """The pages of the site itself, without the reports of bundles."""
        return [path for path in sorted(self.site.rglob("*.html")) if path.parent.name != "bundle"]

    @property
    def listed(self) -> dict[str, dict[str, Any]]:
        """What ``site.json`` says of each implementation, by the folder of its page."""
        listing = json.loads((self.site / "site.json").read_text("utf-8"))
        return {Path(each["page"]).parent.name: each for each in listing["implementations"]}

    def page(self, name: str) -> html.HtmlElement:
        return html.document_fromstring((self.site / name).read_text("utf-8"))


def described(forged: Forged, **changes: str) -> None:
    """Other words of the vendor, signed again."""
    path = forged.folder / bundle.IMPLEMENTATION
    text = path.read_text("utf-8")
    for name, value in changes.items():
        lines = [f"{name}: {value}" if line.startswith(f"{name}:") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    path.write_text(text, "utf-8")
    forged.sign()


def older(report: dict[str, Any]) -> None:
    report["harness"].update(version="0.0.9", catalogue=7, catalogue_sha256="0" * 64)


@pytest.fixture(scope="module")
def built(
    certified: Certified, tmp_path_factory: pytest.TempPathFactory, call_in: Callable[[Path], Call]
) -> Built:
    """One site of bundles that are valid, forged, hostile, misplaced, withheld and not signed."""
    room = tmp_path_factory.mktemp("site")
    folder = room / "reports" / "cmf-2.0"

    def put(name: str) -> Forged:
        shutil.copytree(certified.folder, folder / name)
        return Forged(folder / name, certified.key)

    put(OURS)
    # A server that is correct, and gives a warning.
    with ReferenceServer(variations=["fields-null"], pace=0.1) as server:
        words = DESCRIBED.replace("0.1.0", "0.10.0").replace("authentication: true", "authentication: false")
        warned = certify(tmp_path_factory.mktemp("warned"), "--url", server.url, described=words)
    shutil.copytree(
        warned.folder.with_name("example-corp-reference-server-0.10.0"),
        folder / "example-corp-reference-server-0.10.0",
    )
    put("example-corp-other-0.1.0")
    hostile = put(EVIL)
    hostile.edit(lambda report: report["run"].update(profile=MARKUP))
    edited = put("example-corp-edited-0.1.0")
    described(edited, product="edited")
    (edited.folder / bundle.HTML).write_text("<script>window.pwned=2</script>", "utf-8")
    described(put("example-corp-secret-0.1.0"), product="secret", consent_to_publish="false")
    old = put("example-corp-old-0.1.0")
    described(old, product="old")
    old.edit(lambda report: (older(report), report["target"].update(product="Example Corp old 0.1.0")))
    unsigned = put("example-corp-unsigned-0.1.0")
    described(unsigned, product="unsigned")
    (unsigned.folder / bundle.ATTESTATION).unlink()
    (folder / "link").symlink_to(folder / OURS)
    (folder / "empty").mkdir()
    (folder.parent / "README.md").write_text("no bundle", "utf-8")
    (folder.parent / "reference").mkdir()
    keyring = room / "keyring"
    keyring.mkdir()
    for key in (certified.key, warned.key):
        shutil.copyfile(f"{key}.pub", keyring / f"{key.parent.name}.pub")
    done = call_in(room)("site", "reports", "--output", "public/site", "--trust", keyring)
    return Built(folder.parent, room / "public/site", done.returncode, done.stdout + done.stderr)


def test_each_bundle_is_shown_as_what_it_is(built: Built) -> None:
    states = {name: each["state"] for name, each in built.listed.items() if not name.startswith("bundle-")}
    assert states == {
        OURS: "conformant",
        "example-corp-reference-server-0.10.0": "conformant",
        "example-corp-other-0.1.0": "not_valid",
        "example-corp-edited-0.1.0": "not_valid",
        "example-corp-old-0.1.0": "other_version",
        "example-corp-unsigned-0.1.0": "not_valid",
        "link": "not_valid",
        "empty": "not_valid",
    }
    assert built.code == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other", "it stands in the folder example-corp-other-0.1.0, but describes"),
        ("edited", "report.html is not the file that was signed"),
        ("unsigned", "missing: attestation.dsse.json"),
        ("old", "judged by another catalogue than this harness has; verify with cmf-conformance 0.0.9"),
    ],
)
def test_what_is_not_conformant_says_why_and_publishes_nothing(built: Built, name: str, reason: str) -> None:
    home = f"cmf-2.0/example-corp-{name}-0.1.0"
    text = " ".join(built.page(f"{home}/index.html").text_content().split())
    assert reason in text
    assert reason in " ".join(built.page("index.html").text_content().split())
    assert reason in built.said
    assert {path.name for path in (built.site / home).iterdir()} == {"index.html", "badge.svg"}
    badge = (built.site / home / "badge.svg").read_text("utf-8")
    assert ("conformant" in badge, "not v" in badge) == (False, True)
    assert built.listed[Path(home).name]["profiles"] == {}


def test_what_a_vendor_keeps_to_itself_is_left_out(built: Built) -> None:
    assert "cmf-2.0/example-corp-secret-0.1.0: its vendor has not consented" in built.said
    assert not (built.site / "cmf-2.0/example-corp-secret-0.1.0").exists()
    assert "Corp secret" not in "".join(path.read_text("utf-8") for path in built.site.glob("*.html"))


def test_a_valid_bundle_is_there_to_be_verified_again(built: Built, certified: Certified) -> None:
    shown, valid = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (built.site / "cmf-2.0" / OURS / "bundle", certified.folder)
    )
    assert set(shown) == {*bundle.SIGNED, bundle.ATTESTATION}
    assert shown == valid


def test_profiles_of_an_implementation(built: Built) -> None:
    assert built.listed[OURS]["profiles"] == {"core": "conformant"}
    (row,) = [
        [" ".join(cell.text_content().split()) for cell in row]
        for row in built.page("index.html").iter("tr")
        if row.xpath(f".//a[contains(@href, '{OURS}/bundle')]")
    ]
    assert row[:7] == [
        *("Example Corp Reference Server 0.1.0", "CMF 2.0", "conformant"),
        *("conformant", "–", "–", "–"),
    ]


def test_the_matrix_holds_every_requirement_of_the_certified_profile(built: Built) -> None:
    page = built.page("cmf-2.0.html")
    found = page.xpath("//section[h2[@id='requirements']]//tbody/tr/th/code/text()")
    assert sorted(found) == sorted(KNOWN.profiles["core"].requirements)
    columns = page.xpath("//section[h2[@id='areas']]//thead//th/a/text()")
    assert columns == ["Example Corp Reference Server 0.1.0", "Example Corp Reference Server 0.10.0"]
    (warning,) = page.xpath("//section[h2[@id='requirements']]//td/a")
    assert warning.text == "warning"
    assert warning.get("href").startswith(
        "cmf-2.0/example-corp-reference-server-0.10.0/bundle/report.html#CMF-"
    )
    left_out = page.xpath("//section[h2[@id='left-out']]//a/text()")
    assert "Example Corp edited 0.1.0" in left_out


def test_implementations_are_in_the_order_of_their_numbers(built: Built) -> None:
    names = [each for each in built.listed if each.startswith("example-corp-reference")]
    assert names == [OURS, "example-corp-reference-server-0.10.0"]


def ids_of(path: Path) -> list[str]:
    return list(html.document_fromstring(path.read_text("utf-8")).xpath("//@id"))


def test_every_link_leads_somewhere_within_the_site(built: Built) -> None:
    lost = []
    for path in built.pages:
        for link in html.document_fromstring(path.read_text("utf-8")).xpath("//@href | //@src"):
            file, _, anchor = link.partition("#")
            target = (path.parent / unquote(file)).resolve() if file else path
            inside = target.is_relative_to(built.site) and target.is_file()
            if not inside or (anchor and anchor not in ids_of(target)):
                lost.append((path.name, link))
    assert lost == []
    assert len(built.pages) == 2 + len(built.listed)


def test_pages_fetch_nothing_from_elsewhere_and_have_no_script(built: Built) -> None:
    for path in built.pages:
        text = path.read_text("utf-8")
        document = html.document_fromstring(text)
        assert document.xpath("//script | //link | //iframe | //object | //embed | //base | //form") == []
        assert document.xpath("//@*[starts-with(name(), 'on')]") == []
        assert all(source == "badge.svg" for source in document.xpath("//img/@src"))
        assert not [link for link in document.xpath("//@href") if ":" in link or link.startswith("/")]
        (policy,) = document.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:; ")
        assert "url(" not in document.find(".//style").text


def test_pages_can_be_read_by_everybody(built: Built) -> None:
    for path in built.pages:
        document = html.document_fromstring(path.read_text("utf-8"))
        ids = document.xpath("//@id")
        assert len(ids) == len(set(ids))
        assert set(document.xpath("//@aria-labelledby")) <= set(ids)
        assert document.get("lang") == "en"
        assert len(document.findall(".//h1")) == 1
        assert all(table.find("caption") is not None for table in document.iter("table"))
        assert all(cell.get("scope") for cell in document.iter("th"))
        assert all(image.get("alt") for image in document.iter("img"))


def test_hostile_words_are_text(built: Built) -> None:
    assert any(name.startswith("bundle-") for name in built.listed)
    for path in built.pages:
        text = path.read_text("utf-8")
        document = html.document_fromstring(text)
        assert document.xpath("//script | //*[@onerror]") == []
        assert "\u202e" not in text
        assert "49" not in document.xpath("//title")[0].text
    shown = built.page("index.html").text_content()
    assert "<img src=x onerror=alert(1)>" in shown or "Example Corp Reference Server" in shown
    assert "\x1b" not in built.said
    assert "\u202e" not in built.said


def test_badges_are_plain_svg_that_says_both_words(built: Built) -> None:
    for each in built.listed.values():
        root = etree.fromstring((built.site / each["badge"]).read_bytes())
        words = root.get("aria-label")
        assert words == root.findtext("{http://www.w3.org/2000/svg}title")
        wanted = "CMF 2.0 core: conformant" if each["state"] == "conformant" else "CMF 2.0: not v"
        assert words.startswith(wanted)
        tags = {etree.QName(element).localname for element in root.iter()}
        assert tags <= {"svg", "title", "clipPath", "rect", "g", "text"}
        assert not [key for element in root.iter() for key in element.attrib if "href" in key]


# -- the command ---------------------------------------------------------------------------------------


@pytest.fixture
def small(certified: Certified, tmp_path: Path) -> Path:
    """A folder with one valid bundle."""
    shutil.copytree(certified.folder, tmp_path / "reports/cmf-2.0" / OURS)
    return tmp_path


@pytest.fixture(scope="module")
def plain(
    certified: Certified, tmp_path_factory: pytest.TempPathFactory, call_in: Callable[[Path], Call]
) -> Path:
    """A folder with one valid bundle, and its site, made without a keyring."""
    folder = tmp_path_factory.mktemp("plain")
    shutil.copytree(certified.folder, folder / "reports/cmf-2.0" / OURS)
    done = call_in(folder)("site", "reports", "--output", "site")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"conformant      cmf-2.0/{OURS}: Example Corp Reference Server 0.1.0, core",
        "Site: site/index.html",
    ]
    return folder


def test_the_same_bundles_give_the_same_site_and_replace_it_without_a_network(plain: Path) -> None:
    """Run again where no socket can be made."""

    def content() -> dict[str, bytes]:
        return {
            str(path.relative_to(plain)): path.read_bytes()
            for path in (plain / "site").rglob("*")
            if path.is_file()
        }

    before = content()
    code = (
        "import socket, sys\n"
        "def refuse(*_a, **_k): raise OSError('no network')\n"
        "socket.socket.connect = refuse\n"
        "sys.argv = ['cmf-conformance', 'site', 'reports', '--output', 'site', '--quiet']\n"
        "from conformance.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=plain, capture_output=True, text=True, timeout=100, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert content() == before
    assert sorted(path.name for path in plain.iterdir()) == ["reports", "site"]


def test_without_a_keyring_the_site_says_that_nobody_knows_whose_keys_these_are(plain: Path) -> None:
    text = (plain / "site/index.html").read_text("utf-8")
    assert "nobody says whose it is" in text


def test_a_key_that_is_not_trusted(small: Path, call: Call) -> None:
    signing.new_key(small / "other")
    done = call("site", "reports", "--output", "site", "--trust", "other.pub")
    assert done.returncode == 1
    assert "which is none of the keys that count" in done.stdout
    assert "conformant" not in (small / "site/cmf-2.0" / OURS / "badge.svg").read_text("utf-8")


def test_no_bundles_make_a_site_that_says_so(tmp_path: Path, call: Call) -> None:
    (tmp_path / "reports").mkdir()
    assert call("site", "reports", "--output", "site").returncode == 0
    assert "There is no bundle yet." in (tmp_path / "site/index.html").read_text("utf-8")


def test_wrong_use_is_one_line_and_harms_nothing(small: Path, call: Call) -> None:
    mine = small / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", "utf-8")
    (mine / "site.json").write_text('{"files": ["index.html"]}', "utf-8")
    for words, message in (
        (("none", "--output", "site"), "The bundles in none can't be read: No such file or directory"),
        (("reports", "--output", "mine"), "holds what no earlier site has written, such as 'thesis.txt'"),
        (("reports", "--output", "mine/thesis.txt"), "is no folder"),
        (("reports", "--output", "site", "--trust", "none"), "The keyring none can't be read"),
        (("reports",), "Missing option '--output'"),
    ):
        done = call("site", *words)
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr
        assert len(done.stderr.splitlines()) <= 2
    assert (mine / "thesis.txt").read_text("utf-8") == "years of work"
    assert not (small / "site").exists()


# -- a real browser ------------------------------------------------------------------------------------


def dom(path: Path, folder: Path) -> html.HtmlElement:
    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, check=True, capture_output=True, timeout=90)
    return html.document_fromstring(done.stdout.decode("utf-8"))


PROBE = """<script>addEventListener("load", () => {
const out = document.createElement("output"); out.id = "probe";
out.textContent = JSON.stringify({pwned: window.pwned ?? null,
  badge: [...document.images].map((image) => [image.complete, image.naturalWidth > 60, image.naturalHeight]),
  width: document.documentElement.scrollWidth, view: innerWidth});
document.body.append(out); });</script></body>"""


@pytest.mark.chromium
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
def test_a_browser_shows_the_badge_and_runs_nothing(built: Built, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(built.site, site)
    probed = [site / "index.html", site / "cmf-2.0.html", site / "cmf-2.0" / OURS / "index.html"]
    probed += (site / "cmf-2.0").glob("bundle-*/index.html")
    for path in probed:
        text = path.read_text("utf-8")
        assert "script-src" not in text
        text = text.replace("default-src 'none';", "default-src 'none'; script-src 'unsafe-inline';", 1)
        path.write_text(text.replace("</body>", PROBE), "utf-8")
        found = json.loads(dom(path, tmp_path).get_element_by_id("probe").text)
        assert found["pwned"] is None
        assert found["width"] <= found["view"]
        assert all(complete and wide and high == 22 for complete, wide, high in found["badge"])
        assert len(found["badge"]) == (path.parent != site)
