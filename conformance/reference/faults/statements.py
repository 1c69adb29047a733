"""Violations by creating, reading and listing statements."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import partial

from conformance.reference.faults import sql_tools as tools
from conformance.reference.faults.registry import Registry
from conformance.reference.faults.sql_tools import STATEMENT
from conformance.reference.media import YAML
from conformance.reference.replacing import around, at, drop, reshape, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Record, Statement
from conformance.reference.values import Answer, Call, JsonObject

fault = Registry()


def _text_changed(change: Callable[[str], str], server: Server) -> None:
    """Show the texts of statements otherwise than they were sent."""
    reshape_each(server, [STATEMENT.create, *STATEMENT.reads], at(change, "spec", "statement"))


@fault(
    "stmt-create-answer-without-parallelism",
    "Leaves the parallelism out of the answer to a creation.",
    "CMF-STMT-CREATE",
    reason=r"a statement with everything, sent as application/json, answers 200: the answer/spec/parallelism is not as stored",
)
def _(server: Server) -> None:
    reshape(server, [STATEMENT.create], drop("spec", "parallelism"))


@fault(
    "stmt-create-shares-defaults",
    "Has default session properties, to which it adds those of every statement.",
    "CMF-STMT-CREATE",
    reason=r"what is required alone, sent as application/json after one with everything, has nothing of that: in the answer, spec.properties has what another statement was given",
)
def _(server: Server) -> None:
    defaults: dict[str, str] = {}

    def create(original: Handler, call: Call) -> Answer:
        answer = original(call)
        record = STATEMENT.held(server, call)[answer.value["metadata"]["name"]]
        defaults.update(record.spec.get("properties", {}))
        if "properties" not in record.spec:
            record.spec = {**record.spec, "properties": dict(defaults)}
        return Answer(200, server.statements.view(record))

    around(server, [STATEMENT.create], create)


@fault(
    "stmt-get-labels-lost-without-properties",
    "Reads no labels of a statement without session properties.",
    "CMF-STMT-GET",
    reason=r"a statement without session properties is read as application/json as it was posted: the statement/metadata/labels is not as stored",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        return value if "properties" in value["spec"] else drop("metadata", "labels")(value)

    reshape_each(server, STATEMENT.reads, change)


@fault(
    "stmt-get-by-beginning",
    "Finds a statement by its name without the last letter.",
    "CMF-STMT-GET-UNKNOWN",
    reason=r"the beginning of an existing name, and more than it: the answer of getStatement came with status 200",
)
def _(server: Server) -> None:
    tools.found_by_beginning(server, STATEMENT, STATEMENT.get)


@fault(
    "stmt-default-parallelism-zero",
    "Reads a parallelism of 0 where none was sent.",
    "CMF-STMT-DEFAULTS",
    "CMF-STMT-CONFLICT",
    "CMF-STMT-FILTER-BOTH",
    "CMF-STMT-FILTER-PHASE",
    "CMF-STMT-FILTER-POOL",
    "CMF-STMT-LIST",
    "CMF-STMT-UPDATE-REFUSED",
    reason=r"a statement with what is required alone is not stopped by itself: its parallelism is none",
)
def _(server: Server) -> None:
    def change(value: JsonObject) -> JsonObject:
        value["spec"].setdefault("parallelism", 0)
        return value

    reshape(server, [STATEMENT.get], change)


@fault(
    "stmt-text-blank-lines-lost",
    "Loses empty lines in the text of a statement.",
    "CMF-STMT-TEXT",
    reason=r"SQL with empty lines and indentation, sent as application/json: read as application/yaml, the text is not as expected",
)
def _(server: Server) -> None:
    def shorter(text: str) -> str:
        return text.replace("\n\n", "\n")

    reshape_each(server, STATEMENT.reads, at(shorter, "spec", "statement"))


@fault(
    "stmt-text-stripped",
    "Takes the blanks away before and behind the text of a statement.",
    "CMF-STMT-TEXT",
    reason=r"SQL with blanks and line breaks around it, sent as application/json: in the answer, the text is not as expected",
)
def _(server: Server) -> None:
    reshape_each(server, [STATEMENT.create, *STATEMENT.reads], at(str.strip, "spec", "statement"))


@fault(
    "stmt-text-of-4000-characters",
    "Keeps the first 4,000 characters of the text of a statement.",
    "CMF-STMT-TEXT",
    reason=r"SQL with one very long line, sent as application/json: in the answer, the text is not as expected",
)
def _(server: Server) -> None:
    def shorter(text: str) -> str:
        return text[:4000]

    reshape_each(server, [STATEMENT.create, *STATEMENT.reads], at(shorter, "spec", "statement"))


for _word, _what, _title, _change in (
    (
        "line-ends",
        "a line end of two characters",
        "Ends the lines of a statement with one character.",
        lambda text: text.replace("\r\n", "\n"),
    ),
    (
        "composed",
        "a letter and its accent",
        "Composes the letters and accents in the text of a statement.",
        lambda text: unicodedata.normalize("NFC", text),
    ),
    (
        "plain-blanks",
        "a blank that does not break",
        "Makes plain blanks of others in the text of a statement.",
        lambda text: text.replace("\u00a0", " "),
    ),
    (
        "line-separators",
        "a line separator",
        "Makes line ends of line separators in the text of a statement.",
        lambda text: text.replace("\u2028", "\n"),
    ),
    (
        "no-width",
        "a character of no width",
        "Takes characters of no width out of the text of a statement.",
        lambda text: text.replace("\u200b", ""),
    ),
):
    fault(
        f"stmt-text-{_word}",
        _title,
        "CMF-STMT-TEXT",
        reason=rf"SQL with {_what} in a literal, sent as application/json: in the answer, the text is not as expected",
    )(partial(_text_changed, _change))


@fault(
    "stmt-yaml-list-parallelism-lost",
    "Leaves the parallelism out of lists of statements as YAML.",
    "CMF-STMT-YAML",
    reason=r"statements, their list and their exceptions as JSON and as YAML: as YAML, the list/.*/spec/parallelism is not as expected \(after waiting .*",
)
def _(server: Server) -> None:
    def listing(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if server.media.wanted(call.request.headers.get("accept")) != YAML:
            return answer
        items = [
            {**item, "spec": {key: value for key, value in item["spec"].items() if key != "parallelism"}}
            for item in answer.value["items"]
        ]
        return Answer(200, {**answer.value, "items": items})

    around(server, [STATEMENT.page], listing)


@fault(
    "stmt-conflict-overwrites-labels",
    "Answers 409 for an existing statement, but takes the new annotations every third time.",
    "CMF-STMT-CONFLICT",
    "CMF-CONC-CREATE",
    reason=r"after other statements were created, it is listed as it was, once: the statement/metadata/annotations/note is not as expected",
)
def _(server: Server) -> None:
    def change(record: Record, body: JsonObject) -> None:
        record.metadata = {**record.metadata, "annotations": tools.metadata(body).get("annotations", {})}

    tools.conflict_overwrites(server, STATEMENT, change)


@fault(
    "stmt-nowhere-400",
    "Answers 400 for a statement in an unknown environment whose name exists elsewhere.",
    "CMF-STMT-ENVIRONMENT-UNKNOWN",
    reason=r"an existing name answers 404: the answer of createStatement came with status 400",
)
def _(server: Server) -> None:
    def known(call: Call) -> bool:
        name = tools.metadata(tools.sent(server, call)).get("name")
        return any(name in each.statements for each in server.store.list_environments())

    tools.refused_as(server, [STATEMENT.create], 404, known, 400)


@fault(
    "stmt-pool-of-another-environment",
    "Takes a compute pool of another environment.",
    "CMF-STMT-POOL-UNKNOWN",
    reason=r"a statement in a compute pool that is in another environment is refused or fails: the statement is not failed \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def create(original: Handler, call: Call) -> Answer:
        body = tools.sent(server, call)
        spec = body.get("spec")
        pool = spec.get("computePoolName") if isinstance(spec, dict) else None
        held = server.store.environment(call.path["envName"])
        there = [
            each.pools[pool]
            for each in server.store.list_environments()
            if isinstance(pool, str) and pool in each.pools
        ]
        if held is None or not isinstance(pool, str) or not there or pool in held.pools:
            return original(call)
        held.pools[pool] = there[0]
        try:
            return original(call)
        finally:
            del held.pools[pool]

    around(server, [STATEMENT.create], create)


@fault(
    "stmt-body-no-kind",
    "Accepts a statement without its kind.",
    "CMF-STMT-BODY",
    reason=r"no kind, sent as application/yaml, is refused: the answer of createStatement came with status 200",
)
def _(server: Server) -> None:
    tools.filled(server, [STATEMENT.create], "kind", "Statement")


@fault(
    "stmt-body-nested-list-as-text",
    "Accepts a list as a value of the Flink configuration and stores it as text.",
    "CMF-STMT-BODY-NESTED",
    reason=r"a list as Flink configuration value, sent as application/json, is refused: the answer of createStatement came with status 200",
)
def _(server: Server) -> None:
    def change(body: JsonObject) -> JsonObject | None:
        spec = body.get("spec")
        configuration = spec.get("flinkConfiguration") if isinstance(spec, dict) else None
        if not isinstance(configuration, dict) or not isinstance(spec, dict):
            return None
        if not any(isinstance(value, list) for value in configuration.values()):
            return None
        texts = {
            key: ";".join(map(str, value)) if isinstance(value, list) else value
            for key, value in configuration.items()
        }
        return {**body, "spec": {**spec, "flinkConfiguration": texts}}

    tools.rewrite(server, [STATEMENT.create], change)


@fault(
    "stmt-refused-created",
    "Refuses words as stopped, but creates the statement without.",
    "CMF-STMT-REFUSED",
    reason=r"no refused body created a statement: a refused body created a statement",
)
def _(server: Server) -> None:
    def act(original: Handler, call: Call) -> None:
        body = tools.sent(server, call)
        spec = body.get("spec")
        if isinstance(spec, dict) and isinstance(spec.get("stopped"), str):
            kept = {key: value for key, value in spec.items() if key != "stopped"}
            original(tools.with_body(call, {**body, "spec": kept}))

    tools.when_refused(server, [STATEMENT.create], {400, 422}, act)


@fault(
    "stmt-list-annotations-lost",
    "Lists statements without annotations on small pages.",
    "CMF-STMT-LIST",
    reason=r"on pages of .* each is listed with the values that are read of it alone: in the list, .*/metadata/annotations is not as",
)
def _(server: Server) -> None:
    tools.listed_otherwise(server, STATEMENT, drop("metadata", "annotations"))


@fault(
    "stmt-list-longer-environment",
    "Lists the statements of environments with a longer name, too.",
    "CMF-STMT-LIST-SCOPE",
    "CMF-STMT-LIST",
    "CMF-STMT-UID",
    "CMF-AGREE-ENVIRONMENT-DELETED",
    reason=r"no statement of another environment is listed: a statement of another environment is listed",
)
def _(server: Server) -> None:
    tools.lists_longer_environment(server, STATEMENT)


@fault(
    "stmt-list-nowhere-empty-filtered",
    "Answers an empty list for an unknown environment when it filters by compute pool.",
    "CMF-STMT-LIST-UNKNOWN",
    reason=r"nor has it a first page, or a filtered one: the answer of getStatements came with status 200",
)
def _(server: Server) -> None:
    tools.empty_list_of_nowhere(server, STATEMENT, "compute-pool")


@fault(
    "stmt-uid-of-predecessor",
    "Gives a new statement the uid of the deleted one of its name.",
    "CMF-STMT-UID",
    reason=r"it has not the uid of the old statement: it has the uid of the old statement",
)
def _(server: Server) -> None:
    tools.remembers(server, STATEMENT, tools.old_uid)


@fault(
    "stmt-schema-traits-text",
    "Shows a text for the boolean isBounded on small pages.",
    "CMF-STMT-SCHEMA",
    reason=r"answers of getStatements: .* .* is not of type .*",
)
def _(server: Server) -> None:
    tools.listed_otherwise(
        server,
        STATEMENT,
        lambda item: {**item, "status": {**item["status"], "traits": {"isBounded": "yes"}}},
    )


def _listed_in_phase_of_namesake(server: Server, shows: Callable[[Statement], bool]) -> None:
    """List a statement in the phase of a namesake in another environment where ``shows(namesake)``."""

    def elsewhere(here: dict[str, Statement], name: str) -> Statement:
        places = (each.statements for each in server.store.list_environments())
        found = (there[name] for there in places if there is not here and name in there)
        return next((each for each in found if shows(each)), here[name])

    def listing(original: Handler, call: Call) -> Answer:
        answer, here = original(call), STATEMENT.held(server, call)
        items = []
        for item in answer.value["items"]:
            phase = server.statements.phase(elsewhere(here, item["metadata"]["name"])).name
            items.append({**item, "status": {**item["status"], "phase": phase}})
        return Answer(200, {**answer.value, "items": items})

    around(server, [STATEMENT.page], listing)


@fault(
    "stmt-list-phase-of-namesake",
    "Lists a statement in the phase of its namesake in another environment.",
    "CMF-STMT-LIST",
    reason=r"the list shows the phase that is read, though a namesake has another: the phase in the list is another",
)
def _(server: Server) -> None:
    _listed_in_phase_of_namesake(server, lambda _namesake: True)


@fault(
    "stmt-list-phase-of-running-namesake",
    "Lists a statement in the phase of its namesake in another environment when that runs.",
    "CMF-STMT-LIST",
    reason=r"the list shows the phase of what is stopped, though a namesake goes on: the phase is another",
)
def _(server: Server) -> None:
    _listed_in_phase_of_namesake(server, lambda namesake: server.statements.phase(namesake).name == "RUNNING")
