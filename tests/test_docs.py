"""The pages say what is so: links lead somewhere, commands and options exist, quotations are exact."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from _pytest.config.argparsing import Parser

from conformance import pytest_plugin, resources, settings
from conformance.cli import cli
from conformance.config import Auth, Features, Limits
from conformance.contract.shape import OTHER
from conformance.reference.faults import FAULTS
from conformance.reference.variations import VARIATIONS
from conformance.registry import catalogue

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("**/*.md"))]
WRITTEN = [page for page in PAGES if page.name != "catalogue.md"]
EXAMPLE = DOCS / "configuration.example.yaml"
KNOWN = catalogue()

FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """What a link into a page can name: its headings as GitHub and GitLab spell them, and explicit anchors."""
    text = FENCE.sub("", text_of(page))
    headings = {
        re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in HEADING.findall(text)
    }
    return headings | set(re.findall(r'<a id="([^"]+)">', text))


def links() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield from ((page, link) for link in dict.fromkeys(LINK.findall(FENCE.sub("", text_of(page)))))


def code(page: Path) -> Iterator[str]:
    """Every command line and inline code of a page."""
    text = text_of(page)
    for _, language, block in FENCE.findall(text):
        if language in {"console", "yaml"}:
            yield from (line.strip().removeprefix("$ ").removeprefix("- ") for line in block.splitlines())
    yield from INLINE.findall(FENCE.sub("", text))


def calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Each use of a command of ours on a page, with its arguments."""
    for line in code(page):
        for part in re.split(r" && |\|\||;", line):
            words = (
                shlex.split(part.strip().removeprefix("run: "), comments=True)
                if "--" in part or "cmf-" in part
                else []
            )
            if words[:1] == ["cmf-conformance"] and len(words) > 1:
                yield words[1], words[2:]
            elif words and words[0] in cli.commands and len(words) > 1:
                yield words[0], words[1:]


def options_of(command: click.Command) -> dict[str, click.Option]:
    return {name: each for each in command.params if isinstance(each, click.Option) for name in each.opts}


def options_of_the_pytest_plugin() -> set[str]:
    parser = Parser(_ispytest=True)
    pytest_plugin.pytest_addoption(parser)
    return {name for option in parser.getgroup("cmf-conformance").options for name in option.names()}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    lost = []
    for at, link in links():
        if at == page and "://" not in link:
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
                lost.append(link)
    assert lost == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, pending = {PAGES[0]}, [PAGES[0]]
    while pending:
        page = pending.pop()
        for at, link in links():
            target = (at.parent / link.partition("#")[0]).resolve()
            if at == page and target in PAGES and target not in reached:
                reached.add(target)
                pending.append(target)
    assert sorted(page.name for page in set(PAGES) - reached) == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_command_and_option_exists(page: Path) -> None:
    lost = []
    for name, arguments in calls(page):
        if name.startswith("-"):
            known: Any = {*options_of(cli), "--version", "--help", "-h"}
            lost += [(name, "")] if name not in known else []
        elif name not in cli.commands:
            lost.append((name, "no such command"))
        else:
            known = {*options_of(cli.commands[name]), "--help", "-h"}
            lost += [(name, word) for word in arguments if word.startswith("-") and word not in known]
    assert lost == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_option_that_is_named_alone_exists(page: Path) -> None:
    known = {name for command in cli.commands.values() for name in options_of(command)}
    known |= {"--version", "--help"} | options_of_the_pytest_plugin()
    named = {span for span in code(page) if re.fullmatch(r"--[a-z-]+", span)}
    assert sorted(named - known) == []


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_value_that_is_given_is_known(page: Path) -> None:
    known = {
        "--fault": set(FAULTS),
        "--variation": set(VARIATIONS),
        "--area": set(KNOWN.areas),
        "--profile": set(KNOWN.profiles),
        "--requirement": set(KNOWN.requirements),
        "--level": {"must", "should", "may", "MUST", "SHOULD", "MAY"},
        "--operation": {name for each in KNOWN.requirements.values() for name in each.operations},
    }
    lost = []
    for name, arguments in calls(page):
        for option, value in itertools.pairwise(arguments):
            if option in known and value not in known[option] and not value.isupper():
                lost.append((name, option, value))
    assert lost == []


def test_every_page_shows_something_that_was_looked_at() -> None:
    found = [call for page in WRITTEN for call in calls(page)]
    assert len(found) >= 30
    assert {name for name, _ in found} >= set(cli.commands)


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_requirement_and_erratum_that_is_named_exists(page: Path) -> None:
    text = text_of(page)
    known = {*KNOWN.requirements, OTHER}
    assert set(re.findall(r"\bCMF(?:-[A-Z0-9]+)+\b", text)) - known == set()
    assert set(re.findall(r"(?<!-)\bERR(?:-[A-Z0-9]+)+\b", text)) - set(KNOWN.errata) == set()


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_every_file_and_test_that_is_named_exists(page: Path) -> None:
    lost = []
    for span in code(page):
        if re.match(r"(?:conformance|docs|scenarios|specs|tests)/[\w./*-]*(?:::\w+)?$", span):
            path, _, name = span.partition("::")
            if not any(ROOT.glob(path.rstrip("/"))) or (name and f"def {name}(" not in text_of(ROOT / path)):
                lost.append(span)
    assert lost == []


def quotations() -> Iterator[Any]:
    pattern = re.compile(r"^From \[`([^`]+)`\]\([^)]+\):\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for page in WRITTEN:
        for path, block in pattern.findall(text_of(page)):
            yield pytest.param(path, block, id=f"{page.stem}-{Path(path).name}-{block.split()[-1]}")


@pytest.mark.parametrize(("path", "block"), list(quotations()))
def test_what_is_quoted_stands_there(path: str, block: str) -> None:
    lines = [line.strip() for line in text_of(ROOT / path).splitlines()]
    wanted = [line.strip() for line in block.splitlines()]
    assert any(lines[at : at + len(wanted)] == wanted for at in range(len(lines))), block


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.name)
def test_blocks_of_yaml_are_yaml(page: Path) -> None:
    for _, language, block in FENCE.findall(text_of(page)):
        if language == "yaml":
            assert yaml.safe_load(textwrap.dedent(block))


# -- the configuration -------------------------------------------------------------------------------


def test_the_example_configuration_loads_with_the_defaults() -> None:
    target = settings.load(EXAMPLE, {}, environment={})
    assert target.url == "https://cmf.example:8080"
    assert target.limits == Limits()
    assert target.features == Features()
    assert target.auth.token_variable == Auth().token_variable
    assert target.auth.token_file == Path("/run/secrets/cmf-token")


def test_the_example_configuration_holds_every_key() -> None:
    assert keys(yaml.safe_load(text_of(EXAMPLE))) == keys_of_the_schema()


def test_the_schema_and_the_settings_have_the_same_keys() -> None:
    parts = {"auth": Auth, "limits": Limits, "features": Features}
    fields = {f"{name}.{field.name}" for name, part in parts.items() for field in dataclasses.fields(part)}
    assert keys_of_the_schema() == fields | {"url"}


def test_the_page_explains_every_key_and_its_default() -> None:
    text = text_of(DOCS / "configuration.md")
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        cells = [cell.strip("` ") for cell in line.strip("|").split("|")]
        rows[cells[0]] = cells
    assert keys_of_the_schema() <= set(rows)
    for name, part in (("limits", Limits()), ("features", Features())):
        for field in dataclasses.fields(part):
            default = getattr(part, field.name)
            shown = {None: "none", True: "true"}.get(
                default, f"{default:.0f}" if isinstance(default, float) else str(default)
            )
            assert shown in rows[f"{name}.{field.name}"], field.name


def test_the_page_names_the_option_of_every_key_that_has_one() -> None:
    text = text_of(DOCS / "configuration.md")
    given = {option.replace("_", "-") for key in keys_of_the_schema() if (option := key.rpartition(".")[2])}
    known = options_of(cli.commands["run"])
    assert [name for name in given if f"--{name}" in known and f"`--{name}`" not in text] == []


def test_the_help_says_which_waits_its_option_does_not_shorten() -> None:
    settle = next(option for option in cli.commands["run"].params if option.name == "settle")
    assert "limits.deploy" in str(getattr(settle, "help", ""))


def keys(document: dict[str, Any], before: str = "") -> set[str]:
    return {
        key
        for name, value in document.items()
        for key in (keys(value, f"{name}.") if isinstance(value, dict) else {f"{before}{name}"})
    }


def keys_of_the_schema() -> set[str]:
    schema = json.loads(text_of(resources.schemas_folder() / "configuration.schema.json"))
    return {
        f"{name}.{key}" if key else name
        for name, part in schema["properties"].items()
        for key in part.get("properties", {"": None})
    }
