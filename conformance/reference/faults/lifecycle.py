"""Violations by start and suspend, and by instances."""

from __future__ import annotations

from typing import Any

from conformance.reference.faults.registry import Registry
from conformance.reference.lifecycle import part
from conformance.reference.replacing import answer_with, around, replace, reshape_each
from conformance.reference.resources.common import Handler
from conformance.reference.server import Server
from conformance.reference.store import Application, Environment
from conformance.reference.values import Answer, Call, JsonObject, Refusal

fault = Registry()

START, SUSPEND = ["startApplication"], ["suspendApplication"]


@fault(
    "app-start-answer-only",
    "Shows in the answer to start only that an application is to run.",
    "CMF-APP-START",
    "CMF-APP-START-AGAIN",
    reason=r"the first start answers 200 with the application, which then shows it: the application does not show that it is started \(after waiting .*",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        application = server.applications.application(call)
        if application.running:
            return original(call)
        view = server.applications.view(application)
        job = {**part(view, "spec", "job"), "state": "running"}
        return Answer(200, {**view, "spec": {**view["spec"], "job": job}})

    around(server, START, start)


@fault(
    "app-start-202",
    "Answers start with 202.",
    "CMF-APP-START",
    "CMF-ERR-STATUS",
    reason=r"the first start answers 200 with the application, which then shows it: the answer of startApplication came with status 202",
)
def _(server: Server) -> None:
    answer_with(server, START, 202)


@fault(
    "app-start-other-application",
    "Answers start with another application of the environment.",
    "CMF-APP-START",
    reason=r"the first start answers 200 with the application, which then shows it: another application was returned",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        answer = original(call)
        value = dict(answer.value)
        value["metadata"] = {**value["metadata"], "name": f"{value['metadata']['name']}-1"}
        return Answer(200, value)

    around(server, START, start)


@fault(
    "app-start-again-suspends",
    "Suspends a started application at the second start.",
    "CMF-APP-START-AGAIN",
    reason=r"a start after the first one leaves it started: the application does not show that it is started \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        running = server.applications.application(call).running
        return server.applications.suspend(call) if running else original(call)

    around(server, START, start)


@fault(
    "app-start-again-400",
    "Refuses the second start with 400.",
    "CMF-APP-START-AGAIN",
    reason=r"a start after the first one leaves it started: the answer of startApplication came with status 400",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        if server.applications.application(call).running:
            raise Refusal(400, "The application is running already.")
        return original(call)

    around(server, START, start)


def _unknown_200(server: Server, operations: list[str]) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            name = call.path["appName"]
            return Answer(200, {**server.applications.head(), "metadata": {"name": name}, "spec": {}})

    around(server, operations, behaviour)


@fault(
    "app-start-unknown-200",
    "Answers 200 to the start of an unknown application.",
    "CMF-APP-START-UNKNOWN",
    reason=r"a name that was never used is not started: the answer of startApplication came with status 200",
)
def _(server: Server) -> None:
    _unknown_200(server, START)


@fault(
    "app-suspend-unknown-200",
    "Answers 200 to the suspension of an unknown application.",
    "CMF-APP-SUSPEND-UNKNOWN",
    reason=r"a name that was never used is not suspended: the answer of suspendApplication came with status 200",
)
def _(server: Server) -> None:
    _unknown_200(server, SUSPEND)


def _create_unknown(server: Server, operations: list[str]) -> None:
    def behaviour(original: Handler, call: Call) -> Answer:
        try:
            return original(call)
        except Refusal:
            environment, name = server.store.environment(call.path["envName"]), call.path["appName"]
            if environment is not None and server.applications.name_rule.complaint(name) is None:
                now = server.clock.stamp()
                spec: JsonObject = {"job": {"state": "suspended"}}
                server.store.add_application(environment, Application(name, {}, spec, now, now))
            raise

    around(server, operations, behaviour)


@fault(
    "app-start-unknown-created",
    "Creates an unknown application whose start it refuses.",
    "CMF-APP-START-UNKNOWN",
    reason=r"a name that was never used is not started: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    _create_unknown(server, START)


@fault(
    "app-suspend-unknown-created",
    "Creates an unknown application whose suspension it refuses.",
    "CMF-APP-SUSPEND-UNKNOWN",
    reason=r"a name that was never used is not suspended: the answer of getApplication came with status 200",
)
def _(server: Server) -> None:
    _create_unknown(server, SUSPEND)


@fault(
    "app-start-unknown-environment",
    "Starts an application below an environment that does not exist.",
    "CMF-APP-START-UNKNOWN",
    "CMF-APP-SUSPEND-UNKNOWN",
    reason=r"an existing name in an environment that does not exist is not started: the answer of startApplication came with status 200",
)
def _(server: Server) -> None:
    def start(original: Handler, call: Call) -> Answer:
        if server.store.environment(call.path["envName"]) is None:
            for environment in server.store.list_environments():
                if server.store.application(environment, call.path["appName"]) is not None:
                    return original(
                        Call(call.request, call.operation, {**call.path, "envName": environment.name})
                    )
        return original(call)

    around(server, START, start)


@fault(
    "app-suspend-ignored",
    "Answers 200 to suspend and lets the application run.",
    "CMF-APP-SUSPEND",
    reason=r"the first suspend answers 200 with the application, which then shows it: the application does not show that it is suspended \(after waiting",
)
def _(server: Server) -> None:
    def suspend(_original: Handler, call: Call) -> Answer:
        return Answer(200, server.applications.view(server.applications.application(call)))

    around(server, SUSPEND, suspend)


@fault(
    "app-suspend-answer-only",
    "Shows the suspension in the answer only.",
    "CMF-APP-SUSPEND",
    reason=r"the first suspend answers 200 with the application, which then shows it: the application does not show that it is suspended \(after waiting",
)
def _(server: Server) -> None:
    def suspend(_original: Handler, call: Call) -> Answer:
        view = server.applications.view(server.applications.application(call))
        job = {**part(view, "spec", "job"), "state": "suspended"}
        return Answer(200, {**view, "spec": {**view["spec"], "job": job}})

    around(server, SUSPEND, suspend)


@fault(
    "app-suspend-202",
    "Answers suspend with 202.",
    "CMF-APP-SUSPEND",
    "CMF-ERR-STATUS",
    "CMF-APP-NAME-SCOPE",
    "CMF-APP-SUSPEND-AGAIN",
    reason=r"the first suspend answers 200 with the application, which then shows it: the answer of suspendApplication came with status 202",
)
def _(server: Server) -> None:
    answer_with(server, SUSPEND, 202)


@fault(
    "app-suspend-shows-in-namesake",
    "Shows a suspended application in the status of its namesakes in other environments, too.",
    "CMF-APP-SUSPEND",
    reason=r"its namesake in another environment stays started: the application does not show that it is started \(after waiting .*",
)
def _(server: Server) -> None:
    def suspend(original: Handler, call: Call) -> Answer:
        own, answer = server.applications.application(call), original(call)
        for environment in server.store.list_environments():
            namesake = server.store.application(environment, own.name)
            if namesake not in (None, own):
                namesake.steps.clear()
                namesake.status = {"lifecycleState": "SUSPENDED", "jobStatus": {"state": "SUSPENDED"}}
        return answer

    around(server, SUSPEND, suspend)


@fault(
    "app-delete-takes-events-of-namesake",
    "Deletes with an application the events of its namesakes in other environments.",
    "CMF-APP-NAME-SCOPE",
    reason=r"deleting one leaves the instances and events of its namesake: events of .* lost \d+",
)
def _(server: Server) -> None:
    def delete(original: Handler, call: Call) -> Answer:
        own, answer = server.applications.application(call), original(call)
        for environment in server.store.list_environments():
            namesake = server.store.application(environment, own.name)
            if namesake is not None:
                namesake.events.clear()
        return answer

    around(server, ["deleteApplication"], delete)


@fault(
    "app-list-state-of-before",
    "Lists applications with the job state that they had when they were last written to.",
    "CMF-APP-LIST",
    reason=r"after the first start the list shows what is read alone: in the list, the application/spec/job/state is not as",
)
def _(server: Server) -> None:
    states: dict[str, Any] = {}

    def write(original: Handler, call: Call) -> Answer:
        answer = original(call)
        if answer.has_value:
            states[answer.value["metadata"]["uid"]] = part(answer.value, "spec", "job").get("state")
        return answer

    def old(item: JsonObject) -> JsonObject:
        job, state = part(item, "spec", "job"), states.get(item["metadata"]["uid"])
        return {**item, "spec": {**item["spec"], "job": {**job, "state": state}}} if job and state else item

    around(server, ["createOrUpdateApplication"], write)
    reshape_each(server, ["getApplications"], old)


@fault(
    "app-suspend-again-starts",
    "Starts a suspended application at the second suspend.",
    "CMF-APP-SUSPEND-AGAIN",
    "CMF-APP-SUSPEND-SPEC",
    reason=r"it answers 200 or 304 or is refused, and stays suspended: the application does not show that it is suspended \(after waiting .* s\)",
)
def _(server: Server) -> None:
    def suspend(original: Handler, call: Call) -> Answer:
        running = server.applications.application(call).running
        return original(call) if running else server.applications.start(call)

    around(server, SUSPEND, suspend)


@fault(
    "app-suspend-again-400",
    "Refuses the second suspend with 400.",
    "CMF-APP-SUSPEND-AGAIN",
    "CMF-APP-NAME-SCOPE",
    reason=r"it answers 200 or 304 or is refused, and stays suspended: the answer of suspendApplication came with status 400",
)
def _(server: Server) -> None:
    def suspend(original: Handler, call: Call) -> Answer:
        if not server.applications.application(call).running:
            raise Refusal(400, "The application is suspended already.")
        return original(call)

    around(server, SUSPEND, suspend)


@fault(
    "app-suspend-status-stays",
    "Suspends an application in its spec only: its status says for ever that it runs.",
    "CMF-APP-SUSPEND",
    reason=r"after the first suspend its status follows, where it has one: the application does not show that it is suspended \(after waiting",
)
def _(server: Server) -> None:
    def suspended(_original: Any, application: Application) -> None:
        application.running = False
        application.generation += 1

    replace(server.lifecycle, "suspended", suspended)


@fault(
    "app-start-status-stays",
    "Starts an application in its spec only: its status says for ever that it is suspended.",
    "CMF-APP-START",
    "CMF-APP-START-AGAIN",
    reason=r"after the first start its status follows, where it has one: the application does not show that it is started \(after waiting",
)
def _(server: Server) -> None:
    def started(original: Any, environment: Environment, application: Application) -> None:
        original(environment, application)
        application.steps.clear()

    replace(server.lifecycle, "started", started)


def _bare_answer(server: Server, operations: list[str]) -> None:
    """Answer with the name of the application, and with nothing else that is stored of it."""

    def change(view: JsonObject) -> JsonObject:
        return {**view, "metadata": {"name": view["metadata"]["name"]}, "spec": {}}

    reshape_each(server, operations, change)


@fault(
    "app-start-answer-bare",
    "Answers start with the name of the application and an empty spec.",
    "CMF-APP-START",
    reason=r"the first start answers 200 with the application, which then shows it: the answer/.* is not as stored",
)
def _(server: Server) -> None:
    _bare_answer(server, START)


@fault(
    "app-suspend-answer-bare",
    "Answers suspend with the name of the application and an empty spec.",
    "CMF-APP-SUSPEND",
    reason=r"the first suspend answers 200 with the application, which then shows it: the answer/.* is not as stored",
)
def _(server: Server) -> None:
    _bare_answer(server, SUSPEND)


@fault(
    "app-list-status-of-first",
    "Lists applications with the status that they had when they were listed first.",
    "CMF-APP-LIST",
    reason=r"after the first suspend the list shows what is read alone: in the list, the status of the application: /\S+ is not as",
)
def _(server: Server) -> None:
    first: dict[str, Any] = {}

    def change(item: JsonObject) -> JsonObject:
        if "status" not in item:
            return item
        return {**item, "status": first.setdefault(item["metadata"]["uid"], item["status"])}

    reshape_each(server, ["getApplications"], change)
