r"""Text from a target made harmless and readable, whatever was in it.

A terminal obeys escape sequences, a browser reorders text at bidirectional controls, XML forbids most
control characters, and UTF-8 has no lone surrogates.  So every character without a glyph of its own is
spelt out, as ``\x1b`` or ``\u202e``: what a reader sees is all there is.
"""

from __future__ import annotations


def clean(text: str) -> str:
    """The text with every invisible or active character spelt out; line feeds and tabs stay.

    A carriage return before a line feed is dropped, as it is only another way to end a line.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() or character in "\n\t" else spelt(character)
        for character in text.replace("\r\n", "\n")
    )


def spelt(character: str) -> str:
    """The character as the escape that Python, and nearly every other language, would write."""
    code = ord(character)
    if character <= "\xff":
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if character <= "\uffff" else f"\\U{code:08x}"


def cut(text: str, limit: int) -> str:
    """At most ``limit`` characters of the text, and a note of what is missing."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}… ({len(text) - limit:,} more characters)"


def short(text: str, limit: int) -> str:
    """The text harmless and cut at about ``limit`` characters; cut first, so that megabytes cost nothing."""
    return cut(clean(cut(text, limit)), limit + 40)


def one_line(text: str, limit: int = 300) -> str:
    """The text harmless, short and on one line: line feeds become blanks."""
    return " ".join(short(text, limit).split())


def without_surrogates(text: str) -> str:
    """The text with lone surrogates spelt out, so that it has a UTF-8 form."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join(
            spelt(character) if "\ud800" <= character <= "\udfff" else character for character in text
        )
    return text
