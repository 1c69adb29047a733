"""The values that a run plants in secrets, and the search for them in whatever the target answers.

Each value holds a word that occurs nowhere else.  The word is given to the redaction of the wire before the
value is sent, so nothing that is stored holds it, and an answer that showed it - plain, in base64, in hex,
quoted for URLs, JSON, YAML or HTML - shows a mask in its place.  A leak is told by the place of that mask.
"""

from __future__ import annotations

import random
import string
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.body import read_body
from conformance.model import HttpResponse
from conformance.target.redaction import Redaction, mask_of

SHAPES: Mapping[str, str] = {
    "plain": "{}",
    "like-yaml": "yes: {} # no",
    "quoted": '"{}\' \\ "',
    "unicode": "pä-{}-ключ-\U0001f511",
    "of-lines": "{}\nand another line\n",
}
"""The texts that are planted, by what is special about them."""
_LENGTH = 20
_LABEL = "canary"


class Canaries:
    """The planted values of one run.  Safe to use from several threads."""

    def __init__(self, redaction: Redaction, seed: object) -> None:
        """``seed`` tells this run from every other."""
        self._redaction = redaction
        self._source = random.Random(f"{seed} {_LABEL}")  # noqa: S311 - it protects nothing
        self._words: dict[str, str] = {}
        self._lock = threading.Lock()

    @property
    def planted(self) -> bool:
        """Whether there is anything to search for."""
        return bool(self._words)

    def value(self, shape: str = "plain", role: str = "first") -> str:
        """The value of a shape that plays a role; the same each time, and redacted from now on.

        Raises ``KeyError`` for a shape that there is not.
        """
        label = f"{_LABEL}-{role}-{shape}"
        with self._lock:
            if label not in self._words:
                # Letters first, so that no representation of the word as something else than text is in question.
                letters = string.ascii_letters
                word = "".join(self._source.choice(letters) for _ in range(_LENGTH))
                self._redaction.add(word, label)
                self._words[label] = word
            return SHAPES[shape].format(self._words[label])

    def data(self, role: str = "first") -> dict[str, str]:
        """The data of a secret in which every value is planted."""
        return {f"{shape}.password": self.value(shape, role) for shape in SHAPES}

    def leak(self, response: HttpResponse) -> str | None:
        """Where an answer shows a planted value; None when it shows none."""
        mark = mask_of(_LABEL).encode("ascii")
        for name, value in response.headers:
            if mark in f"{name}: {value}".encode("utf-8", "surrogatepass"):
                return f"in the header {name}"
        at = response.body.find(mark)
        if at < 0:
            return None
        return next(_places(read_body(response).value, mark.decode("ascii")), f"in the body, at byte {at}")


def _places(value: Any, mark: str, where: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if mark in str(key):
                yield f"in a key of {where or '/'}"
            else:
                yield from _places(inner, mark, f"{where}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _places(inner, mark, f"{where}/{index}")
    elif isinstance(value, str) and mark in value:
        yield f"at {where or '/'}"
