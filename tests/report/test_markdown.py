"""The summary of a CI job, read by a Markdown parser that is not ours."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from conformance.model import Verdict
from conformance.report.markdown import LIMIT, code, fence, inline, render_markdown

from .samples import HOSTILE, Sample, report_of, requirement, result

PARSER = MarkdownIt("commonmark").enable("table")
TEXT = st.text(st.characters(codec=None, categories=None))
MARKS = st.lists(
    st.sampled_from(["`", "```", "`````", "~~~", "\n", " ", "|", "<b>", "[a](b)", "&lt;", "\\", "a"])
)
ANY_TEXT = TEXT | MARKS.map("".join)


def tokens(text: str) -> list[Token]:
    return [inner for token in PARSER.parse(text) for inner in (token, *(token.children or ()))]


def rendered(sample: Sample) -> str:
    text = render_markdown(sample.report, sample.exchanges)
    assert len(text.encode("utf-8")) < LIMIT
    return text


def test_it_tells_verdict_counts_failures_and_areas(sample: Sample) -> None:
    found = tokens(rendered(sample))
    text = "\n".join(token.content for token in found if token.type in {"text", "fence", "code_inline"})
    headings = [found[place + 1].content for place, token in enumerate(found) if token.type == "heading_open"]
    assert headings[0] == "❌ CMF conformance: Not conformant"
    assert "Failures (2)" in headings
    assert "Areas" in headings
    assert sum(token.type == "table_open" for token in found) == 3
    assert "Of 9 requirements selected, the target broke 2." in text
    assert "https://cmf.example/gateway" in text
    fences = [token.content for token in found if token.type == "fence"]
    assert any("expected  400 or 422\ngot       201 Created\n" in each for each in fences)
    assert any(each.startswith("curl -i --path-as-is") for each in fences)


def test_what_the_property_tests_reached_is_a_table(sample: Sample) -> None:
    row = "| `createOrUpdateEnvironment` | 100 | 44 | 43 | 42 | json, yaml | json | 201, 400 | 1 / 1 / 1 | 1 / 2 / 2 | 1 |"
    assert row in render_markdown(sample.report, sample.exchanges)


def test_a_conformant_run_is_short() -> None:
    made = Sample(report_of((result(requirement("CMF-A-B"), Verdict.PASS),)), {})
    text = rendered(made)
    assert text.startswith("# ✅ CMF conformance: Conformant\n")
    assert "## Failures" not in text
    assert "Left behind" not in text


def test_hostile_text_makes_no_markup(hostile: Sample) -> None:
    found = tokens(rendered(hostile))
    kinds = {token.type for token in found}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "blockquote_open", "hr"}
    headings = [found[place + 1].content for place, token in enumerate(found) if token.type == "heading_open"]
    assert all("pwned" not in heading for heading in headings)
    assert all("\x1b" not in token.content for token in found)


@pytest.mark.parametrize(
    "text", ["x" * 5_000, "`" * 300 + "\n" + "~" * 300, "界" * 2_000, "🎉|`" * 500, HOSTILE * 20]
)
def test_a_hundred_failures_fit(crowd: Callable[[int, str], Sample], text: str) -> None:
    made = rendered(crowd(100, text))
    assert "## Failures (100)" in made
    assert "## Areas" in made
    assert "all in report.html" in made


def test_many_verdicts_of_every_kind_fit() -> None:
    results = tuple(
        result(
            requirement(
                f"CMF-A-N{number}-{verdict.name.replace('_', '-')}",
                f"area {number} 界" * 30,
                title="界" * 900,
            ),
            verdict,
        )
        for number in range(150)
        for verdict in Verdict
    )
    rendered(Sample(report_of(results, notes=("界" * 4_000,) * 90), {}))


@given(ANY_TEXT)
@example("```\n# out")
@example("a\n`````\n# out\n````")
def test_a_fence_cannot_be_left(text: str) -> None:
    (token,) = PARSER.parse(f"{fence(text)}\n")
    assert token.type == "fence"


@given(ANY_TEXT)
@example("- a")
@example("1. a")
@example("12) a")
@example("===")
@example("--- | ---")
@example("# a")
@example("> a")
@example("!`[a]`(b)")
def test_inline_text_is_text_only(text: str) -> None:
    inner = [token for token in tokens(inline(text)) if token.type != "inline"]
    assert {token.type for token in inner} <= {"paragraph_open", "text", "text_special", "paragraph_close"}


def test_plain_sentences_stay_readable_and_addresses_are_no_links() -> None:
    assert (
        inline("The body is {a}, it says: no. (Really-so/not)")
        == r"The body is \{a\}, it says: no. (Really-so/not)"
    )
    assert inline("see https://evil.example or WWW.evil.example, me@evil.example") == (
        r"see https\://evil.example or WWW\.evil.example, me\@evil.example"
    )


@given(ANY_TEXT)
@example("a ` <b>")
@example("`")
@example("a | b ` c")
def test_a_code_span_cannot_be_left(text: str) -> None:
    inner = [
        token
        for token in tokens(f"| a | b |\n|---|---|\n| {code(text)} | z |")
        if token.content and token.type != "inline"
    ]
    kinds = {token.type for token in inner}
    assert kinds <= {"text", "text_special", "code_inline"}
    assert inner[-1].content == "z"
