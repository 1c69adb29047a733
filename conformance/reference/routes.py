"""The 38 operations of the contract and how a path and a method lead to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.reference.values import Call, Refusal, Request

V1 = "cmf/api/v1"
ALPHA = "cmf/api/v1alpha1"
ENVIRONMENT = V1 + "/environments/{envName}"
APPLICATION = ENVIRONMENT + "/applications/{appName}"

OPERATIONS: tuple[tuple[str, str, str], ...] = (
    ("createOrUpdateEnvironment", "POST", V1 + "/environments"),
    ("getEnvironments", "GET", V1 + "/environments"),
    ("getEnvironment", "GET", ENVIRONMENT),
    ("deleteEnvironment", "DELETE", ENVIRONMENT),
    ("createOrUpdateApplication", "POST", ENVIRONMENT + "/applications"),
    ("getApplications", "GET", ENVIRONMENT + "/applications"),
    ("getApplication", "GET", APPLICATION),
    ("deleteApplication", "DELETE", APPLICATION),
    ("getApplicationEvents", "GET", ALPHA + "/environments/{envName}/applications/{appName}/events"),
    ("startApplication", "POST", APPLICATION + "/start"),
    ("suspendApplication", "POST", APPLICATION + "/suspend"),
    ("getApplicationInstances", "GET", APPLICATION + "/instances"),
    ("getApplicationInstance", "GET", APPLICATION + "/instances/{instName}"),
    ("createEnvironmentSecretMapping", "POST", ENVIRONMENT + "/secret-mappings"),
    ("getEnvironmentSecretMappings", "GET", ENVIRONMENT + "/secret-mappings"),
    ("getEnvironmentSecretMapping", "GET", ENVIRONMENT + "/secret-mappings/{name}"),
    ("updateEnvironmentSecretMapping", "PUT", ENVIRONMENT + "/secret-mappings/{name}"),
    ("deleteEnvironmentSecretMapping", "DELETE", ENVIRONMENT + "/secret-mappings/{name}"),
    ("createStatement", "POST", ENVIRONMENT + "/statements"),
    ("getStatements", "GET", ENVIRONMENT + "/statements"),
    ("getStatement", "GET", ENVIRONMENT + "/statements/{stmtName}"),
    ("updateStatement", "PUT", ENVIRONMENT + "/statements/{stmtName}"),
    ("deleteStatement", "DELETE", ENVIRONMENT + "/statements/{stmtName}"),
    ("getStatementResult", "GET", ENVIRONMENT + "/statements/{stmtName}/results"),
    ("getStatementExceptions", "GET", ENVIRONMENT + "/statements/{stmtName}/exceptions"),
    ("createComputePool", "POST", ENVIRONMENT + "/compute-pools"),
    ("getComputePools", "GET", ENVIRONMENT + "/compute-pools"),
    ("getComputePool", "GET", ENVIRONMENT + "/compute-pools/{computePoolName}"),
    ("deleteComputePool", "DELETE", ENVIRONMENT + "/compute-pools/{computePoolName}"),
    ("createSecret", "POST", V1 + "/secrets"),
    ("getSecrets", "GET", V1 + "/secrets"),
    ("getSecret", "GET", V1 + "/secrets/{secretName}"),
    ("updateSecret", "PUT", V1 + "/secrets/{secretName}"),
    ("deleteSecret", "DELETE", V1 + "/secrets/{secretName}"),
    ("createKafkaCatalog", "POST", V1 + "/catalogs/kafka"),
    ("getKafkaCatalogs", "GET", V1 + "/catalogs/kafka"),
    ("getKafkaCatalog", "GET", V1 + "/catalogs/kafka/{catName}"),
    ("deleteKafkaCatalog", "DELETE", V1 + "/catalogs/kafka/{catName}"),
)

BODILESS = frozenset({
    "deleteEnvironment",
    "deleteApplication",
    "deleteEnvironmentSecretMapping",
    "updateStatement",
    "deleteStatement",
    "deleteComputePool",
    "deleteSecret",
    "deleteKafkaCatalog",
})  # fmt: skip
"""Operations whose success has no body, so that no ``Accept`` can be unacceptable to them."""


@dataclass(frozen=True, slots=True)
class _Route:
    segments: tuple[str, ...]
    methods: dict[str, str]

    def parameters(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        found: dict[str, str] = {}
        for wanted, given in zip(self.segments, segments, strict=True):
            if wanted[0] == "{" and given:
                found[wanted[1:-1]] = given
            elif wanted != given:
                return None
        return found


class Router:
    """Finds the operation of a request."""

    def __init__(self, operations: Iterable[tuple[str, str, str]] = OPERATIONS) -> None:
        self._by_length: dict[int, list[_Route]] = {}
        routes: dict[str, _Route] = {}
        for operation, method, path in operations:
            route = routes.get(path)
            if route is None:
                route = routes[path] = _Route(tuple(path.split("/")), {})
                self._by_length.setdefault(len(route.segments), []).append(route)
            route.methods[method] = operation
        for route in routes.values():
            if "GET" in route.methods:
                route.methods["HEAD"] = route.methods["GET"]

    def call(self, request: Request) -> Call:
        """The call that the request is.

        Raises Refusal 404 for a path the contract does not have (contract: Troubleshooting), and 405
        with ``Allow`` for a method that it does not have there.
        """
        for route in self._by_length.get(len(request.segments), ()):
            parameters = route.parameters(request.segments)
            if parameters is None:
                continue
            operation = route.methods.get(request.method)
            if operation is None:
                raise self.wrong_method(request, sorted(route.methods))
            return Call(request, operation, parameters)
        raise self.unknown_route(request)

    def unknown_route(self, request: Request) -> Refusal:
        """The refusal of a path that the contract does not have."""
        return Refusal(404, f"Resource not found: [{request.path}]")

    def wrong_method(self, request: Request, allowed: list[str]) -> Refusal:
        """The refusal of a method that the contract does not have for the path."""
        message = f"Method {request.method} is not supported for [{request.path}]."
        return Refusal(405, message, (("allow", ", ".join(allowed)),))
