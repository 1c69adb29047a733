"""Documents of other versions of the API, as test data: one that goes on from the contract, and one that is odd."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml

from conformance import resources

V1 = "/cmf/api/v1"
APPLICATION = f"{V1}/environments/{{envName}}/applications/{{appName}}"
CATALOG = f"{V1}/catalogs/kafka/{{catName}}"
ODD = Path(__file__).with_name("odd.yaml")
Object = dict[str, Any]


def contract() -> Object:
    text = (resources.contract_folder("cmf-2.0") / "openapi.yaml").read_text("utf-8")
    loaded: Object = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded


def extended() -> Object:
    """The contract, changed as a later version might be: 26 operations more, one success more, and one other."""
    document = copy.deepcopy(contract())
    document["info"] = {"title": "CMF, a later version", "version": "2.9"}
    schemas, paths = document["components"]["schemas"], document["paths"]
    for name in ("Savepoint", "Database", "Folder", "Note"):
        schemas[name] = kubernetes_like(name)
        schemas[f"{name}List"] = {
            "type": "object",
            "required": ["items"],
            "properties": {"items": {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}},
        }
    add(paths, f"{APPLICATION}/savepoints", "savepointName", "Savepoint")
    add(paths, f"{CATALOG}/databases", "dbName", "Database", put=True)
    add(paths, f"{V1}/folders", "folderName", "Folder", put=True)
    add(paths, f"{V1}/folders/{{folderName}}/notes", "noteId", "Note", linked=True)
    paths[f"{APPLICATION}/savepoints/{{savepointName}}/detach"] = {
        "parameters": parameters(f"{APPLICATION}/savepoints/{{savepointName}}"),
        "post": {
            "operationId": "detachSavepoint",
            "responses": {"204": {"description": "Done."}, **errors()},
        },
    }
    paths[f"{V1}/system-information"] = {
        "get": {
            "operationId": "getSystemInformation",
            "responses": {
                "200": answer(
                    {"type": "object", "required": ["version"], "properties": {"version": {"type": "string"}}}
                ),
                **errors(),
            },
        }
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Folder"}}}}
    paths[f"{V1}/license"] = {
        "put": {"operationId": "putLicense", "requestBody": body, "responses": {"204": {"description": ""}}}
    }
    cluster = f"{V1}/kubernetes-clusters"
    paths[cluster] = {
        "post": {
            "operationId": "createCluster",
            "requestBody": body,
            "responses": {"200": {"description": ""}},
        }
    }
    paths[f"{cluster}/{{clusterName}}"] = {
        "parameters": parameters(f"{cluster}/{{clusterName}}"),
        "get": {"operationId": "getCluster", "responses": errors()},
        "put": {"operationId": "putCluster", "requestBody": body, "responses": errors()},
    }
    # As from 2.3 on: another success.
    paths[f"{V1}/secrets/{{secretName}}"]["delete"]["responses"] = {"202": {"description": ""}, **errors()}
    return document


def kubernetes_like(kind: str) -> Object:
    return {
        "type": "object",
        "required": ["metadata", "spec"],
        "properties": {
            "apiVersion": {"type": "string", "enum": ["cmf.confluent.io/v1"]},
            "kind": {"type": "string", "enum": [kind]},
            "metadata": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "example": "production"},
                    "uid": {"type": "string", "readOnly": True},
                },
            },
            "spec": {
                "type": "object",
                "properties": {"size": {"type": "integer", "minimum": 1, "maximum": 9}},
            },
        },
    }


def add(
    paths: Object, collection: str, item: str, schema: str, *, put: bool = False, linked: bool = False
) -> None:
    """A collection with everything that one can do with its resources; without ids for some operations."""
    reference = {"$ref": f"#/components/schemas/{schema}"}
    body = {"required": True, "content": {"application/json": {"schema": reference}}}
    created = answer(reference)
    if linked:
        created["links"] = {
            "Get": {"operationId": f"get{schema}", "parameters": {item: "$response.body#/metadata/uid"}}
        }
    paths[collection] = {
        "parameters": parameters(collection),
        "post": {
            "operationId": f"create{schema}",
            "requestBody": body,
            "responses": {"201": created, **errors()},
        },
        "get": {"responses": {"200": answer({"$ref": f"#/components/schemas/{schema}List"}), **errors()}},
    }
    one = f"{collection}/{{{item}}}"
    paths[one] = {
        "parameters": parameters(one),
        "get": {"operationId": f"get{schema}", "responses": {"200": answer(reference), **errors()}},
        "delete": {
            "operationId": f"delete{schema}",
            "responses": {"204": {"description": "Gone."}, **errors()},
        },
    }
    if put:
        paths[one]["put"] = {
            "operationId": f"update{schema}",
            "requestBody": body,
            "responses": {"2XX": answer(reference), **errors()},
        }


def parameters(path: str) -> list[Object]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def answer(schema: Object) -> Object:
    return {"description": "Good.", "content": {"application/json": {"schema": schema}}}


def errors() -> Object:
    return {"4XX": answer({"$ref": "#/components/schemas/RestError"})}
