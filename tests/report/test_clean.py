"""Hostile text made harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.report.clean import clean, cut, one_line, short, without_surrogates

ANY_TEXT = st.text(st.characters(codec=None, categories=None))


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("plain", "plain"),
        ("Grüße, 世界 🎉", "Grüße, 世界 🎉"),
        ("a\tb\nc\r\nd", "a\tb\nc\nd"),
        ("a\rb", "a\\x0db"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x7f", "\\x00\\x7f"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\uffff\U000e0001", "\\uffff\\U000e0001"),
        ("hard\u00a0space", "hard\\xa0space"),
        ("\u2028", "\\u2028"),
    ],
)
def test_examples(text: str, harmless: str) -> None:
    assert clean(text) == harmless


@given(ANY_TEXT)
def test_nothing_active_is_left(text: str) -> None:
    left = {unicodedata.category(character) for character in clean(text) if character not in "\n\t"}
    assert not left & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    clean(text).encode("utf-8")


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@given(ANY_TEXT, st.integers(1, 50))
def test_short_text_is_short_and_on_one_line(text: str, limit: int) -> None:
    assert len(short(text, limit)) <= limit + 80
    assert "\n" not in one_line(text, limit)


def test_megabytes_are_cut_with_a_note() -> None:
    assert cut("x" * 2_000_000, 10) == "x" * 10 + "… (1,999,990 more characters)"
    assert cut("x" * 10, 10) == "x" * 10


@given(ANY_TEXT)
def test_text_without_surrogates_has_a_utf8_form(text: str) -> None:
    assert without_surrogates(text).encode("utf-8").decode("utf-8") == without_surrogates(text)
