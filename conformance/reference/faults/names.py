"""Violations of the rules for the names of environments."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import re
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.names import NameRule
from conformance.reference.replacing import around, replace
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Environment
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"


@fault(
    "env-name-min-off-by-one",
    "Accepts an environment name of 3 characters.",
    "CMF-ENV-NAME-MIN",
    "CMF-ENV-SCHEMA",
    reason=r"a name of .* characters is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.minimum = 3


@fault(
    "env-name-min-too-strict",
    "Refuses an environment name of 4 characters.",
    "CMF-ENV-NAME-MIN",
    "CMF-ENV-NAME-LEGAL",
    reason=r"a name of .* characters is accepted: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    server.environments.name_rule.minimum = 5


@fault(
    "env-name-max-off-by-one",
    "Accepts an environment name of 254 characters.",
    "CMF-ENV-NAME-MAX",
    "CMF-ENV-SCHEMA",
    reason=r"generated requests of createOrUpdateEnvironment: /name: name: 254 characters, maximum 253, answered with 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.maximum = 254


@fault(
    "env-name-max-too-strict",
    "Refuses an environment name of 253 characters.",
    "CMF-ENV-NAME-MAX",
    reason=r"a name of 253 characters is accepted: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    server.environments.name_rule.maximum = 252


@fault(
    "env-name-cut",
    "Accepts an environment name of 254 characters and cuts it to 253.",
    "CMF-ENV-NAME-MAX",
    reason=r"generated requests of createOrUpdateEnvironment: /name: name: 254 characters, maximum 253, answered with 201",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        return original({**body, "name": name[:253]} if isinstance(name, str) else body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-no-dots",
    "Refuses an environment name with dots between its labels.",
    "CMF-ENV-NAME-LEGAL",
    reason=r"a name with dots between labels: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(LABEL)


@fault(
    "env-name-no-leading-digit",
    "Refuses an environment name that begins with a digit.",
    "CMF-ENV-NAME-LEGAL",
    reason=r"a name with a digit in front: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"(?![0-9]){LABEL}(\.{LABEL})*")


@fault(
    "env-name-no-double-hyphen",
    "Refuses an environment name with repeated hyphens.",
    "CMF-ENV-NAME-LEGAL",
    reason=r"a name with repeated hyphens inside: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"(?!.*--){LABEL}(\.{LABEL})*")


@fault(
    "env-name-suffix-cut",
    "Reads a dotted environment name without its last label.",
    "CMF-ENV-NAME-LEGAL",
    "CMF-ENV-GET",
    reason=r"a name with dots between labels: the answer of getEnvironment came with status 404",
)
def _(server: Server) -> None:
    around(server, ["getEnvironment"], cut_suffix("envName"))


def cut_suffix(parameter: str) -> Any:
    """Look up a path parameter without what stands behind its last dot."""

    def behaviour(original: Handler, call: Call) -> Answer:
        path = {**call.path, parameter: call.path[parameter].rpartition(".")[0] or call.path[parameter]}
        return original(Call(call.request, call.operation, path))

    return behaviour


@fault(
    "env-name-upper-case",
    "Accepts an environment name with upper-case letters.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with an upper-case letter is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    ignore_case(server.environments.name_rule)


def ignore_case(rule: NameRule) -> None:
    """Match capital letters like small ones."""
    rule.pattern = re.compile(rule.pattern.pattern, re.IGNORECASE)


@fault(
    "env-name-case-folded",
    "Accepts upper-case letters in an environment name and makes them small.",
    "CMF-ENV-NAME-PATTERN",
    reason=r"a name with an upper-case letter is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _clean_name(server, str.lower)


@fault(
    "env-name-trimmed",
    "Accepts an environment name with spaces around it and cuts them off.",
    "CMF-ENV-NAME-PATTERN",
    reason=r"a name with a space behind is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    _clean_name(server, str.strip)


def _clean_name(server: Server, clean: Any) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        return original({**body, "name": clean(name)} if isinstance(name, str) else body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-underscore",
    "Accepts an environment name with an underscore.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with an underscore is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(LABEL.replace("[-a", "[-_a") + rf"(\.{LABEL})*")


@fault(
    "env-name-trailing-newline",
    "Accepts an environment name that ends in a line break.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with a line break behind is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    dollar(server.environments.name_rule)


def dollar(rule: NameRule) -> None:
    """Match as ``^...$`` does in a language where ``$`` stands before a last line break, too."""
    anchored = re.compile(f"^{rule.pattern.pattern}$")
    replace(rule, "matches", lambda _original, name: anchored.match(name) is not None)


@fault(
    "env-name-bare-dot",
    "Takes the dot of the pattern as any character, so that labels may be joined by anything.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with an upper-case letter inside is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    # The same language as the pattern with a bare dot, but without its exponential backtracking.
    server.environments.name_rule.pattern = re.compile(r"[a-z0-9]+((-+|[^-a-z0-9\n])[a-z0-9]+)*")


@fault(
    "env-name-double-dot",
    "Accepts two dots in a row in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with two dots in a row is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(\.+{LABEL})*")


@fault(
    "env-name-last-hyphen",
    "Accepts an environment name that ends in a hyphen.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with a hyphen behind is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(\.{LABEL})*-?")


@fault(
    "env-name-hyphen-dot",
    "Accepts a hyphen before a dot in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with a hyphen before a dot is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    server.environments.name_rule.pattern = re.compile(rf"{LABEL}(-?\.{LABEL})*")


@fault(
    "env-name-any-letter",
    "Accepts letters outside ASCII in an environment name.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ENV-SCHEMA",
    reason=r"a name with a letter outside ASCII is refused: the answer of createOrUpdateEnvironment came with status 201",
)
def _(server: Server) -> None:
    def matches(original: Any, name: str) -> bool:
        return bool(
            original("".join("x" if letter.isalnum() and letter > "\x7f" else letter for letter in name))
        )

    replace(server.environments.name_rule, "matches", matches)


@fault(
    "env-name-refused-with-404",
    "Refuses an environment name outside the pattern with 404.",
    "CMF-ENV-NAME-PATTERN",
    "CMF-ERR-STATUS",
    reason=r"generated requests of createOrUpdateEnvironment: /name: name: .* does not match the pattern of names, answered with 404",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        if (
            isinstance(name, str)
            and 4 <= len(name) <= 253
            and not server.environments.name_rule.matches(name)
        ):
            raise Refusal(404, "There is no such name.")
        return original(body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-refused-created",
    "Refuses an environment name that is too long, but keeps the environment.",
    "CMF-ENV-NAME-REFUSED",
    "CMF-ENV-SCHEMA",
    reason=r"a refused name of 254 characters does not exist, nor its beginning: a name was refused and created all the same",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        if isinstance(name, str) and len(name) > 253 and server.store.environment(name) is None:
            now = server.clock.stamp()
            server.store.add_environment(Environment(name, "default", {}, now, now))
        return original(body)

    replace(server.environments, "draft", draft)


@fault(
    "env-name-refused-created-lower",
    "Refuses upper case, but creates the name in lower case.",
    "CMF-ENV-NAME-REFUSED",
    reason=r"no refused name is listed, in whatever form: a name was refused and created all the same",
)
def _(server: Server) -> None:
    def draft(original: Any, body: Any) -> Any:
        name = body.get("name")
        try:
            return original(body)
        except Refusal:
            if (
                isinstance(name, str)
                and name != name.lower()
                and server.environments.name_rule.complaint(name.lower()) is None
            ):
                server.environments.create(original({**body, "name": name.lower()}))
            raise

    replace(server.environments, "draft", draft)
