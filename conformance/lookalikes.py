"""Names that a careless comparison takes for another."""

from __future__ import annotations


def matched(name: str) -> dict[str, str]:
    """Names that do not exist, which a pattern finds an existing one by; each under what it is a pattern of."""
    front, _, back = name.rpartition("-")
    return {
        "a dot, which stands for any character in a regular expression": f"{front}.{back}",
        "an underscore, which stands for any character in SQL": f"{front}_{back}",
        "a percent sign, which stands for any text in SQL": f"{front}-%",
        "a dot and an asterisk, which stand for any text in a regular expression": f"{front}-.*",
        "an asterisk, which stands for any text in a shell": f"{front}-*",
    }


def longer(name: str) -> str:
    """A name that begins with another."""
    return f"{name}-2"


def twin(name: str) -> str:
    """A name that differs from another in its last character alone."""
    return name[:-1] + ("b" if name.endswith("a") else "a")
