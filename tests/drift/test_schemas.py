"""Two schemas, in requests and in answers: what may become narrower and what may become wider."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.drift.difference import Difference, Direction, Effect
from conformance.drift.document import Document, Node
from conformance.drift.schemas import Schemas
from conformance.errors import UsageError

OPEN = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
NAMES = {"A": {"type": "object", "properties": {"a": {}}}, "B": {"type": "object", "properties": {"b": {}}}}


def document(schema: Any, schemas: dict[str, Any] | None = None, version: str = "3.0.1") -> Document:
    root = {"openapi": version, "paths": {}, "components": {"schemas": {"It": schema, **(schemas or {})}}}
    return Document(root, "the document")


def compare(
    old: Any,
    new: Any,
    direction: Direction,
    *,
    old_schemas: dict[str, Any] | None = None,
    new_schemas: dict[str, Any] | None = None,
    versions: tuple[str, str] = ("3.0.1", "3.0.1"),
) -> list[Difference]:
    ours, theirs = document(old, old_schemas, versions[0]), document(new, new_schemas, versions[1])
    pointer = "#/components/schemas/It"
    nodes = [(each.root.at("components", "schemas", "It"),) for each in (ours, theirs)]
    assert all(isinstance(node, Node) for (node,) in nodes)
    return Schemas(ours, theirs).compare(nodes[0], nodes[1], direction, (pointer, pointer))


def effects(old: Any, new: Any, **how: Any) -> tuple[set[str], set[str]]:
    """The effects in requests, and those in answers."""
    found = [
        {str(each.effect) for each in compare(old, new, direction, **how)}
        for direction in (Direction.REQUEST, Direction.RESPONSE)
    ]
    return found[0], found[1]


NARROWER = [
    ({"type": "string"}, {"type": "string", "maxLength": 9}),
    ({"type": "string", "maxLength": 253}, {"type": "string", "maxLength": 100}),
    ({"type": "string", "minLength": 1}, {"type": "string", "minLength": 4}),
    ({"type": "integer", "minimum": 0}, {"type": "integer", "minimum": 1}),
    (
        {"type": "integer", "minimum": 0},
        {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
    ),
    ({"type": "array", "maxItems": 10}, {"type": "array", "maxItems": 5}),
    ({"type": "number"}, {"type": "integer"}),
    ({}, {"type": "string"}),
    ({"type": "string", "nullable": True}, {"type": "string"}),
    ({"type": "string"}, {"type": "string", "pattern": "^a"}),
    ({"type": "integer", "format": "int64"}, {"type": "integer", "format": "int32"}),
    ({"type": "integer"}, {"type": "integer", "format": "int32"}),
    ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["a"]}),
    ({"type": "string"}, {"type": "string", "enum": ["a"]}),
    ({"type": "integer", "multipleOf": 2}, {"type": "integer", "multipleOf": 4}),
    (OPEN, {**OPEN, "required": ["a"]}),
    (OPEN, {**OPEN, "additionalProperties": False}),
    (
        {"type": "object", "additionalProperties": {}},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ),
    ({"type": "array", "items": {}}, {"type": "array", "items": {"type": "string"}}),
    ({"oneOf": [{"type": "string"}, {"type": "boolean"}]}, {"oneOf": [{"type": "string"}]}),
    ({"oneOf": [{"type": "string"}, {"type": "boolean"}]}, {"type": "string"}),
    (
        {"type": "object", "properties": {"a": {}}},
        {"type": "object", "properties": {"a": {"type": "string"}}},
    ),
]


@pytest.mark.parametrize(("wide", "narrow"), NARROWER)
def test_narrower_breaks_requests_and_wider_breaks_answers(wide: Any, narrow: Any) -> None:
    assert effects(wide, narrow) == ({"breaking"}, {"compatible"})
    assert effects(narrow, wide) == ({"compatible"}, {"breaking"})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string"}, {"type": "integer"}),
        ({"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}),
        ({"type": "string", "format": "uuid"}, {"type": "string", "format": "date-time"}),
        ({"type": "string", "enum": ["a", "b"]}, {"type": "string", "enum": ["b", "c"]}),
        (OPEN, {"type": "object", "properties": {"a": {"type": "string"}}}),
        (OPEN, {"type": "object"}),
        ({"type": "array", "items": {"type": "string"}}, {"type": "array", "items": {"type": "integer"}}),
    ],
)
def test_what_is_neither_breaks_both(old: Any, new: Any) -> None:
    requests, answers = effects(old, new)
    assert "breaking" in requests & answers


def test_new_properties() -> None:
    grown = {**OPEN, "properties": {**OPEN["properties"], "c": {"type": "string"}}}
    assert effects(OPEN, grown) == ({"compatible"}, {"compatible"})
    assert effects(OPEN, {**grown, "required": ["c"]}) == ({"breaking"}, {"compatible"})
    assert effects({**OPEN, "additionalProperties": False}, {**grown, "additionalProperties": False})[1] == {
        "breaking"
    }


def test_read_only_properties_are_no_part_of_requests_and_write_only_ones_of_no_answer() -> None:
    read_only = {"type": "object", "required": ["a"], "properties": {"a": {"readOnly": True}, "b": {}}}
    write_only = {"type": "object", "required": ["a"], "properties": {"a": {"writeOnly": True}, "b": {}}}
    without = {"type": "object", "properties": {"b": {}}}
    assert effects(read_only, without) == (set(), {"breaking"})
    assert effects(write_only, without) == ({"breaking"}, set())
    assert effects(without, read_only) == (set(), {"compatible"})
    assert effects(without, write_only) == ({"breaking"}, set())


def test_it_does_not_matter_how_a_schema_is_put_together() -> None:
    parts = {
        "Base": {
            "type": "object",
            "properties": {"a": {"$ref": "#/components/schemas/Text"}},
            "required": ["a"],
        },
        "Text": {"type": "string", "maxLength": 9},
    }
    composed = {"allOf": [{"$ref": "#/components/schemas/Base"}, {"properties": {"b": {"type": "array"}}}]}
    flat = {
        "type": "object",
        "properties": {"a": {"type": "string", "maxLength": 9}, "b": {"type": "array"}},
        "required": ["a"],
    }
    assert effects(composed, flat, old_schemas=parts) == (set(), set())
    assert effects(flat, composed, new_schemas=parts) == (set(), set())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        (
            {"type": "integer", "minimum": 0, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 0},
        ),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "const": "a"}),
        (
            {"nullable": True, "type": "object", "properties": {"a": {}}},
            {"oneOf": [{"$ref": "#/components/schemas/A"}, {"type": "null"}]},
        ),
    ],
)
def test_both_ways_to_write_the_same(old: Any, new: Any) -> None:
    assert effects(old, new, new_schemas=NAMES, versions=("3.0.1", "3.1.0")) == (set(), set())


def test_what_stands_beside_a_reference_counts_from_3_1_on() -> None:
    beside = {"$ref": "#/components/schemas/Text", "maxLength": 5}
    schemas = {"Text": {"type": "string"}}
    how = {"new_schemas": schemas}
    assert effects({"type": "string"}, beside, **how) == (set(), set())
    assert effects({"type": "string"}, beside, **how, versions=("3.0.1", "3.1.0"))[0] == {"breaking"}


def test_alternatives_are_known_by_their_names_in_any_order() -> None:
    references = [{"$ref": f"#/components/schemas/{name}"} for name in NAMES]
    how = {"old_schemas": NAMES, "new_schemas": NAMES}
    assert effects({"oneOf": references}, {"anyOf": references[::-1]}, **how) == (set(), set())
    changed = {**NAMES, "B": {"type": "object", "properties": {}}}
    (gone,) = compare(
        {"oneOf": references},
        {"oneOf": references[::-1]},
        Direction.RESPONSE,
        old_schemas=NAMES,
        new_schemas=changed,
    )
    assert gone.contract == "#/components/schemas/B/properties"


def test_one_schema_in_the_place_of_a_choice() -> None:
    choice = {"oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in NAMES]}
    both = {"type": "object", "properties": {"a": {}, "b": {}}}
    assert effects(choice, both, old_schemas=NAMES) == ({"compatible"}, {"compatible"})
    assert effects(choice, {"type": "string"}, old_schemas=NAMES) == ({"breaking"}, {"breaking"})


def test_a_difference_says_where_it_stands_in_both_documents_and_what_it_was() -> None:
    schemas = {"Text": {"type": "string", "maxLength": 9}}
    old = {"type": "object", "properties": {"a/b": {"$ref": "#/components/schemas/Text"}}}
    new = {"type": "object", "properties": {"a/b": {"type": "string", "maxLength": 5}}}
    (found,) = compare(old, new, Direction.REQUEST, old_schemas=schemas)
    assert found.contract == "#/components/schemas/Text/maxLength"
    assert found.document == "#/components/schemas/It/properties/a~1b/maxLength"
    assert (found.old, found.new) == (9, 5)
    assert found.kind == "maxLength-narrowed"
    assert found.direction is Direction.REQUEST


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"description": "other"}, "description-changed"),
        ({"title": "other"}, "title-changed"),
        ({"example": {"a": 1}}, "example-changed"),
        ({"properties": dict(reversed(OPEN["properties"].items()))}, "properties-reordered"),
    ],
)
def test_what_only_readers_see_is_editorial(change: Any, kind: str) -> None:
    (found,) = compare(
        {**OPEN, "description": "one"}, {**OPEN, "description": "one", **change}, Direction.REQUEST
    )
    assert found.effect is Effect.EDITORIAL
    assert found.kind == kind


def test_the_order_of_an_enumeration_is_editorial() -> None:
    assert effects({"enum": ["a", "b"]}, {"enum": ["b", "a"]}) == ({"editorial"}, {"editorial"})


def test_defaults_and_deprecation() -> None:
    assert effects({"default": 1}, {"default": 2}) == ({"breaking"}, {"compatible"})
    assert effects({}, {"default": 2}) == ({"compatible"}, {"compatible"})
    assert effects({}, {"deprecated": True}) == ({"compatible"}, {"compatible"})


def test_references_that_go_round_in_circles_end() -> None:
    tree = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/It"}, "x": {"type": "string"}},
    }
    assert effects(tree, tree) == (set(), set())
    other = {**tree, "properties": {**tree["properties"], "x": {"type": "integer"}}}
    (found,) = compare(tree, other, Direction.REQUEST)
    assert found.contract == "#/components/schemas/It/properties/x/type"
    loop = {"allOf": [{"$ref": "#/components/schemas/It"}, {"type": "object"}]}
    assert effects(loop, {"type": "object"}) == (set(), set())


def test_a_reference_to_itself_is_an_error() -> None:
    with pytest.raises(UsageError, match="further references"):
        effects({}, {"$ref": "#/components/schemas/It"})


def test_a_reference_to_nothing_and_to_elsewhere_are_errors() -> None:
    with pytest.raises(UsageError, match="which is not there"):
        effects({}, {"$ref": "#/components/schemas/Gone"})
    with pytest.raises(UsageError, match="another document"):
        effects({}, {"$ref": "other.yaml#/It"})


def test_an_endless_chain_is_an_error_and_a_wide_net_ends() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/It"}}}
    chain = {
        f"C{number}": {
            "type": "object",
            "properties": {"next": {"$ref": f"#/components/schemas/C{number + 1}"}},
        }
        for number in range(2000)
    }
    with pytest.raises(UsageError, match="too deep"):
        effects(tree, {"$ref": "#/components/schemas/C0"}, new_schemas=chain)
    net = {
        f"N{number}": {"allOf": [{"$ref": f"#/components/schemas/N{number + 1}"}] * 2 + [{"title": "x"}]}
        for number in range(200)
    }
    net["N200"] = {"type": "string"}
    assert "breaking" in effects({"type": "integer"}, {"$ref": "#/components/schemas/N0"}, new_schemas=net)[0]


def test_too_many_parts_are_an_error() -> None:
    parts = [{"maxLength": number} for number in range(1500)]
    with pytest.raises(UsageError, match="too many parts"):
        effects({"type": "string"}, {"allOf": parts})


@pytest.mark.parametrize(
    "odd",
    [
        {"type": 5, "properties": [], "required": "name", "enum": 3, "maxLength": "x", "items": []},
        {"allOf": {"a": 1}, "oneOf": 7, "additionalProperties": 3, "pattern": {"a": 1}},
        {"properties": {"a": None, "b": 3}},
        {"allOf": [None, 3, "x"]},
    ],
)
def test_nonsense_in_a_schema_breaks_nothing_but_the_contract(odd: Any) -> None:
    compare(OPEN, odd, Direction.REQUEST)
    compare(OPEN, odd, Direction.RESPONSE)
