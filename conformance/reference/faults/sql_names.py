"""Violations of the rules for the names of the SQL family."""

from __future__ import annotations

import re
from typing import Any

from conformance.reference.faults.names import LABEL, cut_suffix, dollar, ignore_case
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import (
    CATALOG,
    MAPPING,
    POOL,
    SECRET,
    STATEMENT,
    Kind,
    metadata,
    namesakes_deleted,
    sent,
    when_refused,
    with_body,
)
from conformance.reference.replacing import around
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.values import Answer, Call, Refusal

fault = Registry()

ACCEPTED = "[Rr]efused|status 20"


@fault(
    "stmt-name-min-too-strict",
    "Refuses a statement name of 4 characters.",
    "CMF-STMT-NAME-MIN",
    "CMF-STMT-NAME-LEGAL",
    reason=r"a name of .* characters is accepted: the answer of createStatement came with status 422",
)
def _(server: Server) -> None:
    server.statements.name_rule.minimum = 5


@fault(
    "secret-name-dotted-not-mapped",
    "Finds no secret to map with a dot in its name.",
    "CMF-SECRET-NAME-LEGAL",
    reason=r"a name with dots between labels is found by what belongs to it: the answer of createEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        if b".part.two" in call.request.body:
            raise Refusal(404, "There is no such secret.")
        return original(call)

    around(server, [MAPPING.create], create)


@fault(
    "pool-name-min-off-by-one",
    "Accepts a compute pool name of 3 characters.",
    "CMF-POOL-NAME-MIN",
    reason=r"a name of .* characters is refused: the answer of createComputePool came with status 200",
)
def _(server: Server) -> None:
    server.pools.name_rule.minimum = 3


@fault(
    "secret-name-min-too-strict",
    "Refuses a secret name of 4 characters.",
    "CMF-SECRET-NAME-MIN",
    "CMF-SECRET-NAME-LEGAL",
    reason=r"a name of .* characters is accepted: the answer of createSecret came with status 400",
)
def _(server: Server) -> None:
    server.secrets.name_rule.minimum = 5


@fault(
    "map-name-min-off-by-one",
    "Accepts a mapping name of 3 characters.",
    "CMF-MAP-NAME-MIN",
    reason=r"a name of .* characters is refused: the answer of createEnvironmentSecretMapping came with status 200",
)
def _(server: Server) -> None:
    server.mappings.name_rule.minimum = 3


@fault(
    "cat-name-min-off-by-one",
    "Accepts a catalog name of 3 characters.",
    "CMF-CAT-NAME-MIN",
    reason=r"a name of .* characters is refused: the answer of createKafkaCatalog came with status 200",
)
def _(server: Server) -> None:
    server.catalogs.name_rule.minimum = 3


@fault(
    "stmt-name-max-off-by-one",
    "Accepts a statement name of 254 characters.",
    "CMF-STMT-NAME-MAX",
    reason=r"a name of 254 characters is refused: the answer of createStatement came with status 200",
)
def _(server: Server) -> None:
    server.statements.name_rule.maximum = 254


@fault(
    "pool-name-max-too-strict",
    "Refuses a compute pool name of 253 characters.",
    "CMF-POOL-NAME-MAX",
    reason=r"a name of 253 characters is accepted: the answer of createComputePool came with status 422",
)
def _(server: Server) -> None:
    server.pools.name_rule.maximum = 252


@fault(
    "secret-name-max-off-by-one",
    "Accepts a secret name of 254 characters.",
    "CMF-SECRET-NAME-MAX",
    reason=r"a name of 254 characters is refused: the answer of createSecret came with status 200",
)
def _(server: Server) -> None:
    server.secrets.name_rule.maximum = 254


@fault(
    "map-name-max-too-strict",
    "Refuses a mapping name of 253 characters.",
    "CMF-MAP-NAME-MAX",
    reason=r"a name of 253 characters is accepted: the answer of createEnvironmentSecretMapping came with status 400",
)
def _(server: Server) -> None:
    server.mappings.name_rule.maximum = 252


@fault(
    "cat-name-cut",
    "Accepts a catalog name of 254 characters and cuts it to 253.",
    "CMF-CAT-NAME-MAX",
    reason=r"a name of 254 characters is refused: the answer of createKafkaCatalog came with status 200",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        body = sent(server, call)
        name = metadata(body).get("name")
        if isinstance(name, str) and len(name) == 254:  # noqa: PLR2004
            call = with_body(call, {**body, "metadata": {**metadata(body), "name": name[:253]}})
        return original(call)

    around(server, [CATALOG.create], create)


@fault(
    "stmt-name-no-dots",
    "Refuses a statement name with dots between its labels.",
    "CMF-STMT-NAME-LEGAL",
    reason=r"a name with dots between labels: the answer of createStatement came with status 422",
)
def _(server: Server) -> None:
    server.statements.name_rule.pattern = re.compile(LABEL)


@fault(
    "pool-name-no-leading-digit",
    "Refuses a compute pool name that begins with a digit.",
    "CMF-POOL-NAME-LEGAL",
    reason=r"a name with a digit in front: the answer of createComputePool came with status 422",
)
def _(server: Server) -> None:
    server.pools.name_rule.pattern = re.compile(rf"(?![0-9]){LABEL}(\.{LABEL})*")


@fault(
    "secret-name-no-double-hyphen",
    "Refuses a secret name with repeated hyphens.",
    "CMF-SECRET-NAME-LEGAL",
    reason=r"a name with repeated hyphens inside: the answer of createSecret came with status 400",
)
def _(server: Server) -> None:
    server.secrets.name_rule.pattern = re.compile(rf"(?!.*--){LABEL}(\.{LABEL})*")


@fault(
    "map-name-suffix-cut",
    "Reads a dotted mapping name without its last label.",
    "CMF-MAP-NAME-LEGAL",
    "CMF-MAP-GET",
    reason=r"a name with dots between labels: the answer of getEnvironmentSecretMapping came with status 404",
)
def _(server: Server) -> None:
    around(server, [MAPPING.get], cut_suffix("name"))


@fault(
    "cat-name-short-label",
    "Refuses a catalog name with a label of one character.",
    "CMF-CAT-NAME-LEGAL",
    reason=r"a name with digits at the ends of labels: the answer of createKafkaCatalog came with status 422",
)
def _(server: Server) -> None:
    server.catalogs.name_rule.pattern = re.compile(
        r"[a-z0-9][-a-z0-9]*[a-z0-9](\.[a-z0-9][-a-z0-9]*[a-z0-9])*"
    )


@fault(
    "stmt-name-upper-case",
    "Accepts a statement name with upper-case letters.",
    "CMF-STMT-NAME-PATTERN",
    reason=r"a name with an upper-case letter is refused: the answer of createStatement came with status 200",
)
def _(server: Server) -> None:
    ignore_case(server.statements.name_rule)


@fault(
    "pool-name-underscore",
    "Accepts a compute pool name with an underscore.",
    "CMF-POOL-NAME-PATTERN",
    reason=r"a name with an underscore is refused: the answer of createComputePool came with status 200",
)
def _(server: Server) -> None:
    server.pools.name_rule.pattern = re.compile(LABEL.replace("[-a", "[-_a") + rf"(\.{LABEL})*")


@fault(
    "secret-name-trailing-newline",
    "Accepts a secret name that ends in a line break.",
    "CMF-SECRET-NAME-PATTERN",
    reason=r"a name with a line break behind is refused: the answer of createSecret came with status 200",
)
def _(server: Server) -> None:
    dollar(server.secrets.name_rule)


@fault(
    "map-name-double-dot",
    "Accepts two dots in a row in a mapping name.",
    "CMF-MAP-NAME-PATTERN",
    reason=r"a name with two dots in a row is refused: the answer of createEnvironmentSecretMapping came with status 200",
)
def _(server: Server) -> None:
    server.mappings.name_rule.pattern = re.compile(rf"{LABEL}(\.+{LABEL})*")


@fault(
    "cat-name-hyphen-dot",
    "Accepts a hyphen before a dot in a catalog name.",
    "CMF-CAT-NAME-PATTERN",
    reason=r"a name with a hyphen before a dot is refused: the answer of createKafkaCatalog came with status 200",
)
def _(server: Server) -> None:
    server.catalogs.name_rule.pattern = re.compile(rf"{LABEL}(-?\.{LABEL})*")


def _created_as(server: Server, kind: Kind, repaired: Any) -> None:
    """Refuse an illegal name, but create the resource under a name made legal."""

    def act(original: Handler, call: Call) -> None:
        body = sent(server, call)
        name = metadata(body).get("name")
        better = repaired(name) if isinstance(name, str) else name
        legal = isinstance(better, str) and kind.resources(server).name_rule.complaint(better) is None
        if better != name and legal and better not in kind.held(server, call):
            original(with_body(call, {**body, "metadata": {**metadata(body), "name": better}}))

    when_refused(server, [kind.create], {400, 422}, act)


@fault(
    "stmt-name-refused-created-cut",
    "Refuses a statement name of 254 characters, but creates its beginning.",
    "CMF-STMT-NAME-REFUSED",
    reason=r"a refused name of 254 characters does not exist, nor its beginning: a name was refused and created all the same",
)
def _(server: Server) -> None:
    _created_as(server, STATEMENT, lambda name: name[:253])


@fault(
    "pool-name-refused-created-lower",
    "Refuses upper case, but creates the compute pool in lower case.",
    "CMF-POOL-NAME-REFUSED",
    reason=r"no refused name is listed, in whatever form: a name was refused and created all the same",
)
def _(server: Server) -> None:
    _created_as(server, POOL, str.lower)


@fault(
    "secret-name-refused-created-trimmed",
    "Refuses a secret name with spaces around it, but creates it without.",
    "CMF-SECRET-NAME-REFUSED",
    reason=r"no refused name is listed, in whatever form: a name was refused and created all the same",
)
def _(server: Server) -> None:
    _created_as(server, SECRET, str.strip)


@fault(
    "map-name-refused-created-dot",
    "Refuses a mapping name that ends in a dot, but creates it without.",
    "CMF-MAP-NAME-REFUSED",
    reason=r"no refused name is listed, in whatever form: a name was refused and created all the same",
)
def _(server: Server) -> None:
    _created_as(server, MAPPING, lambda name: name.removesuffix("."))


@fault(
    "cat-name-refused-created-slash",
    "Refuses a catalog name with a slash, but creates what stands before it.",
    "CMF-CAT-NAME-REFUSED",
    reason=r"no refused name is listed, in whatever form: a name was refused and created all the same",
)
def _(server: Server) -> None:
    _created_as(server, CATALOG, lambda name: name.partition("/")[0])


@fault(
    "stmt-name-scope-delete",
    "Deletes the namesakes of a statement in other environments, too.",
    "CMF-STMT-NAME-SCOPE",
    "CMF-STMT-DELETE",
    "CMF-STMT-LIST",
    reason=r"deleting one leaves the other: the answer of getStatement came with status 404",
)
def _(server: Server) -> None:
    namesakes_deleted(server, STATEMENT)


def _conflict_reaches_namesake(server: Server, kind: Kind) -> None:
    """Let a conflict change the labels of namesakes in other environments."""

    def act(_original: Handler, call: Call) -> None:
        data = metadata(sent(server, call))
        for environment in server.store.list_environments():
            record = getattr(environment, kind.attribute).get(data["name"])
            if record is not None and environment.name != call.path["envName"]:
                record.metadata = {**record.metadata, "labels": data.get("labels", {})}

    when_refused(server, [kind.create], {409}, act)


@fault(
    "pool-name-scope-conflict",
    "Lets a conflict about a compute pool change its namesakes elsewhere.",
    "CMF-POOL-NAME-SCOPE",
    reason=r"a conflict in the second environment leaves the first: after a conflict, the first namesake: /metadata/labels/revision is not as stored",
)
def _(server: Server) -> None:
    _conflict_reaches_namesake(server, POOL)


@fault(
    "map-name-scope-conflict",
    "Lets a conflict about a mapping change its namesakes elsewhere.",
    "CMF-MAP-NAME-SCOPE",
    reason=r"a conflict in the second environment leaves the first: after a conflict, the first namesake: /metadata/labels/revision is not as stored",
)
def _(server: Server) -> None:
    _conflict_reaches_namesake(server, MAPPING)
