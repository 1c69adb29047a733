"""Violations that change text, numbers or types on the way, or fall over hostile bodies."""
# ruff: noqa: PLR2004 - statuses, lengths and counts are what this is about

from __future__ import annotations

import unicodedata
from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.replacing import replace, reshape_each, walk, walk_texts
from conformance.reference.server import Server
from conformance.reference.values import Refusal, Request

fault = Registry()

READS = ("getEnvironment", "getEnvironments", "getApplication", "getApplications")


def _parsed(server: Server, change: Any) -> None:
    """Change what is read from a body, JSON or YAML."""
    replace(server.media, "parse", lambda original, request: change(original(request)))


def _parsed_texts(server: Server, change: Any) -> None:
    _parsed(server, lambda value: walk_texts(change, value))


def _yaml_texts(server: Server, change: Any) -> None:
    replace(server.media, "parse_yaml", lambda original, text: walk_texts(change, original(text)))


@fault(
    "content-unicode-composed",
    "Composes combining characters.",
    "CMF-CONTENT-UNICODE",
    reason=r"combining in (?:an|one) environment: combining, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    _parsed_texts(server, lambda text: unicodedata.normalize("NFC", text))


@fault(
    "content-unicode-astral-lost",
    "Loses characters outside the basic plane.",
    "CMF-CONTENT-UNICODE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    reason=r"astral in one environment: astral, sent as application/json, read as application/json: /flinkApplicationDefaults/metadata/annotations/note",
)
def _(server: Server) -> None:
    _parsed_texts(server, lambda text: "".join("?" if letter > "\uffff" else letter for letter in text))


@fault(
    "content-line-breaks-lost",
    "Makes spaces of the line breaks in text.",
    "CMF-CONTENT-UNICODE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    reason=r"breaks in one environment: breaks, sent as application/json, read as application/json: /flinkApplicationDefaults/metadata/annotations/note",
)
def _(server: Server) -> None:
    _parsed_texts(server, lambda text: text if text.strip() != text else text.replace("\n", " "))


@fault(
    "content-backslash-lost",
    "Loses backslashes in YAML answers.",
    "CMF-CONTENT-UNICODE",
    "CMF-CONTENT-SAME",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    reason=r"quotes in one environment: quotes, sent as application/json, read as application/yaml: /flinkApplicationDefaults/metadata/annotations/note",
)
def _(server: Server) -> None:
    replace(
        server.media,
        "render_yaml",
        lambda original, value: original(walk_texts(lambda text: text.replace("\\", ""), value)),
    )


@fault(
    "content-yaml-mojibake",
    "Reads YAML bodies as ISO 8859-1.",
    "CMF-CONTENT-UNICODE",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-ENV-CREATE",
    "CMF-ENV-GET",
    reason=r"accents in one environment: accents, sent as application/yaml, read as application/json:",
)
def _(server: Server) -> None:
    def garbled(text: str) -> str:
        return text.encode().decode("latin-1")

    _yaml_texts(server, garbled)


@fault(
    "content-unicode-500",
    "Answers 500 for text outside ASCII in an annotation.",
    "CMF-CONTENT-UNICODE",
    "CMF-ERR-SERVER",
    reason=r"accents in one application: the answer of createOrUpdateApplication came with status 500",
)
def _(server: Server) -> None:
    def change(value: Any) -> Any:
        metadata = value.get("metadata") if isinstance(value, dict) else None
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if isinstance(annotations, dict) and not all(str(text).isascii() for text in annotations.values()):
            raise Refusal(500, "Internal error.")
        return value

    _parsed(server, change)


@fault(
    "content-yaml-yes-true",
    "Takes yes, no and on in YAML as booleans, also between quotes.",
    "CMF-CONTENT-SCALARS",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-ENV-CREATE",
    "CMF-ENV-GET",
    reason=r"strings that look like other types in one environment: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    booleans = {"yes": True, "no": False, "on": True, "off": False}
    _yaml_texts(server, lambda text: booleans.get(text, text))


@fault(
    "content-yaml-times-numbers",
    "Takes 12:30:00 in YAML as a number, also between quotes.",
    "CMF-CONTENT-SCALARS",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    reason=r"strings that look like other types in one environment: the answer of createOrUpdateEnvironment came with status 400",
)
def _(server: Server) -> None:
    def change(text: str) -> Any:
        parts = text.split(":")
        if len(parts) != 3 or not all(part.isdecimal() and part.isascii() for part in parts):
            return text
        return (int(parts[0][:9]) * 60 + int(parts[1][:9])) * 60 + int(parts[2][:9])

    _yaml_texts(server, change)


@fault(
    "content-json-null-text",
    "Takes the string null as no value.",
    "CMF-CONTENT-SCALARS",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    reason=r"strings that look like other types in one environment: a string, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: kept(one) for key, one in value.items() if one != "null"}
        return [kept(one) for one in value] if isinstance(value, list) else value

    _parsed(server, kept)


@fault(
    "content-empty-text-lost",
    "Loses entries whose value is the empty string.",
    "CMF-CONTENT-SCALARS",
    "CMF-APP-CREATE",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    "CMF-ENV-CREATE",
    "CMF-ENV-GET",
    reason=r"strings that look like other types in one environment: a string, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def kept(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: kept(one)
                for key, one in value.items()
                if one != "" or key in ("name", "kubernetesNamespace")
            }
        return [kept(one) for one in value] if isinstance(value, list) else value

    _parsed(server, kept)


@fault(
    "content-leading-zeros-lost",
    "Loses the leading zeros of strings of digits.",
    "CMF-CONTENT-SCALARS",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    reason=r"strings that look like other types in one environment: a string, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def change(text: str) -> str:
        return text.lstrip("0") or "0" if len(text) < 10 and text.isascii() and text.isdecimal() else text

    reshape_each(server, READS, lambda value: walk_texts(change, value))


@fault(
    "content-yaml-numbers-unquoted",
    "Writes strings like 1.10 without quotes in YAML.",
    "CMF-CONTENT-SCALARS",
    "CMF-CONTENT-SAME",
    "CMF-APP-GET",
    "CMF-ENV-SCHEMA",
    "CMF-APP-CREATE",
    reason=r"strings that look like other types in one environment: a string, sent as application/json, read as application/yaml:",
)
def _(server: Server) -> None:
    def change(text: str) -> Any:
        whole, dot, fraction = text.partition(".")
        digits = dot and (whole + fraction).isdecimal() and text.isascii() and len(text) < 10
        return float(text) if digits else text

    replace(server.media, "render_yaml", lambda original, value: original(walk_texts(change, value)))


@fault(
    "content-booleans-text",
    "Shows booleans as strings.",
    "CMF-CONTENT-TYPES",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    reason=r"numbers, booleans, lists and objects in the defaults of an environment: a value, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def change(value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else value

    reshape_each(server, READS, lambda value: walk(change, value))


@fault(
    "content-fractions-rounded",
    "Shows fractions with one digit.",
    "CMF-CONTENT-TYPES",
    "CMF-CONTENT-TYPE",
    reason=r"numbers, booleans, lists and objects in the defaults of an environment: a value, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    reshape_each(
        server, READS, lambda value: walk(lambda one: round(one, 1) if isinstance(one, float) else one, value)
    )


@fault(
    "content-fractions-text",
    "Shows fractions as strings.",
    "CMF-CONTENT-TYPES",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    "CMF-ENV-GET",
    "CMF-ENV-UPDATE",
    reason=r"numbers, booleans, lists and objects in the defaults of an environment: a value, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    reshape_each(
        server, READS, lambda value: walk(lambda one: str(one) if isinstance(one, float) else one, value)
    )


@fault(
    "content-single-unwrapped",
    "Shows a list of one as its only item.",
    "CMF-CONTENT-TYPES",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    "CMF-ENV-GET",
    reason=r"numbers, booleans, lists and objects in the defaults of an environment: a value, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def unwrapped(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: unwrapped(one) for key, one in value.items()}
        if isinstance(value, list):
            return unwrapped(value[0]) if len(value) == 1 else [unwrapped(one) for one in value]
        return value

    reshape_each(server, READS, unwrapped)


@fault(
    "content-depth-cut",
    "Cuts off what lies more than five levels deep.",
    "CMF-CONTENT-TYPES",
    "CMF-APP-GET",
    "CMF-CONTENT-TYPE",
    "CMF-ENV-GET",
    "CMF-ENV-UPDATE",
    reason=r"numbers, booleans, lists and objects in the defaults of an environment: a value, sent as application/json, read as application/json:",
)
def _(server: Server) -> None:
    def cut(value: Any, level: int = 0) -> Any:
        if isinstance(value, dict):
            return {key: cut(one, level + 1) for key, one in value.items()} if level < 5 else {}
        if isinstance(value, list):
            return [cut(one, level + 1) for one in value] if level < 5 else []
        return value

    reshape_each(server, READS, cut)


def _fall_over(server: Server, hostile: Any) -> None:
    def parse(original: Any, request: Request) -> Any:
        if hostile(request.body):
            raise Refusal(500, "Internal error.")
        return original(request)

    replace(server.media, "parse", parse)


@fault(
    "content-deep-500",
    "Answers 500 for a deeply nested body.",
    "CMF-CONTENT-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"400 nested objects in (?:an|one) environment: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda body: max(body.count(b"["), body.count(b"{")) > 60)


@fault(
    "content-aliases-500",
    "Answers 500 for YAML with many aliases.",
    "CMF-CONTENT-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"YAML whose aliases multiply in one environment: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda body: body.count(b"*") > 20)


@fault(
    "content-tags-500",
    "Answers 500 for YAML with a language tag.",
    "CMF-CONTENT-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"YAML with a language tag in one environment: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda body: b"!!" in body or b"!<" in body)


@fault(
    "content-utf8-500",
    "Answers 500 for a body that is not UTF-8.",
    "CMF-CONTENT-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"invalid UTF-.* in one environment: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    def broken(body: bytes) -> bool:
        try:
            body.decode()
        except UnicodeDecodeError:
            return True
        return False

    _fall_over(server, broken)


@fault(
    "content-bom-500",
    "Answers 500 for a body with a byte order mark.",
    "CMF-CONTENT-HOSTILE",
    "CMF-ERR-SERVER",
    reason=r"a byte order mark in one environment: the answer of createOrUpdateEnvironment came with status 500",
)
def _(server: Server) -> None:
    _fall_over(server, lambda body: body.startswith(b"\xef\xbb\xbf"))
