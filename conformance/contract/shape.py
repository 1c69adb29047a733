"""The shape of a body: the component schemas, judged item by item, and null in place of what is absent."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.contract.observation import Observation
from conformance.contract.openapi import Contract, Problem

PAGE = "PaginationResponse"
OTHER = "CMF-DOCUMENT-SCHEMA"
"""The requirement that stands for schemas of which the catalogue knows nothing, where there is one."""
_INDEX = re.compile(r"/\d+(?=/|$)")


class Shapes:
    """Holds bodies against the schemas of a contract; ``rules`` says which requirement a schema stands for."""

    def __init__(self, contract: Contract, rules: Mapping[str, str], *, strict: bool) -> None:
        self._contract = contract
        self._rules = rules
        self._strict = strict

    def rule(self, schema: str | None) -> str:
        """The requirement that stands for a schema; empty when there is none."""
        if schema is None:
            return ""
        return self._rules.get(PAGE if schema.endswith("Page") else schema, OTHER)

    def item(self, schema: str | None) -> str | None:
        """The schema of the resources in a body: of the items of a page, else of the body itself."""
        if schema is None or not schema.endswith("Page"):
            return schema
        return self._contract.item_schema(schema)

    def judge(self, schema: str, value: Any) -> Iterator[Observation]:
        """Whether a value obeys its schema: a page by itself, and each of its items by itself."""
        stripped, nulls = (value, []) if self._strict else self._contract.without_nulls(schema, value)
        # An application that was not observed yet has no status (erratum ERR-NULL).
        nulls = [where for where in nulls if not (where.endswith("/status") and "Application" in schema)]
        yield Observation(
            "CMF-CONTENT-NULL",
            "null in place of an absent field" if nulls else "",
            expected="a field without a value is left out",
            got="null for " + ", ".join(dict.fromkeys(_INDEX.sub("/*", where) for where in nulls)),
        )
        item = self._contract.item_schema(schema) if schema.endswith("Page") else None
        if item is None:
            yield self._obeys(schema, stripped)
            return
        page, items = stripped, []
        if isinstance(stripped, dict) and isinstance(stripped.get("items"), list):
            items = stripped["items"]
            page = {**stripped, "items": []}
        yield self._deviations(PAGE, self._contract.problems(schema, page))
        for index, each in enumerate(items):
            yield self._obeys(item, each, f"/items/{index}")

    def _obeys(self, schema: str, value: Any, where: str = "") -> Observation:
        return self._deviations(schema, self._contract.problems(schema, value), where)

    def _deviations(self, schema: str, problems: list[Problem], where: str = "") -> Observation:
        message = ""
        if problems:
            message = f"{(where + problems[0].where).rstrip('/') or '/'}: {problems[0].what}"
        count = f"{len(problems)} deviation{'s' if len(problems) != 1 else ''}"
        return Observation(self.rule(schema), message, f"a valid {schema}", count)
