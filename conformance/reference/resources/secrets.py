"""Secrets, and their mappings into environments (contract: /cmf/api/v1/secrets, .../secret-mappings)."""

from __future__ import annotations

from conformance.reference.resources.common import RECORD_PROPERTIES, Handler, Resources
from conformance.reference.shapes import optional_texts, refuse, required
from conformance.reference.store import Record, Secret
from conformance.reference.values import Answer, Call, JsonObject, Refusal


class Secrets(Resources):
    """The operations on secrets; what is in them is never shown."""

    kind = "Secret"
    content_status = 400

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on secrets."""
        return {
            "createSecret": self.post,
            "getSecrets": self.page,
            "getSecret": self.get,
            "updateSecret": self.put,
            "deleteSecret": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the secret; raises Refusal 409 if its name exists."""
        name, metadata, spec = self.draft(self.body(call))
        if name in self.store.secrets:
            raise Refusal(409, f"Secret '{name}' already exists.")
        now = self.tools.clock.stamp()
        secret = self.store.secrets[name] = Secret(name, metadata, spec, now, now)
        return Answer(200, self.view(secret))

    def page(self, call: Call) -> Answer:
        """A page of secrets."""
        return self.listed(call, list(self.store.secrets.values()), RECORD_PROPERTIES, self.view)

    def get(self, call: Call) -> Answer:
        """One secret."""
        return Answer(200, self.view(self.secret(call)))

    def put(self, call: Call) -> Answer:
        """Replace labels, annotations and data of the secret."""
        secret = self.secret(call)
        name, metadata, spec = self.draft(self.body(call))
        if name != secret.name:
            raise refuse("metadata.name", f"must be '{secret.name}', as in the path", 422)
        secret.metadata, secret.spec = metadata, spec
        secret.version += 1
        secret.updated = self.tools.clock.stamp()
        return Answer(200, self.view(secret))

    def delete(self, call: Call) -> Answer:
        """Remove the secret; raises Refusal 409 while it is mapped into an environment."""
        secret = self.secret(call)
        mapped = self.environments_of(secret)
        if mapped:
            raise Refusal(409, f"Secret '{secret.name}' is still mapped to environments {mapped}.")
        del self.store.secrets[secret.name]
        return Answer(204)

    def secret(self, call: Call) -> Secret:
        """The secret that the path names; raises Refusal 404."""
        name = call.path["secretName"]
        secret = self.store.secrets.get(name)
        if secret is None:
            raise self.unknown(name)
        return secret

    def draft(self, body: JsonObject) -> tuple[str, JsonObject, JsonObject]:
        """Name, metadata and spec of a body (contract: schema Secret); raises Refusal 400."""
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = required(body, "spec", dict)
        return name, metadata, {"data": optional_texts(spec, "data", "spec.") or {}}

    def environments_of(self, secret: Secret) -> list[str]:
        """The environments that the secret is mapped into."""
        return [
            environment.name
            for environment in self.store.environments.values()
            if any(one.spec["secretName"] == secret.name for one in environment.mappings.values())
        ]

    def view(self, secret: Secret) -> JsonObject:
        """A secret without its spec, which is write-only (contract: schema Secret)."""
        status = {"version": str(secret.version), "environments": self.environments_of(secret)}
        return {**self.head(), "metadata": self.view_metadata(secret), "status": status}


class SecretMappings(Resources):
    """The operations on the mappings of an environment, each from a connection secret id to a secret."""

    kind = "EnvironmentSecretMapping"
    content_status = 400

    def handlers(self) -> dict[str, Handler]:
        """The handler of each operation on secret mappings."""
        return {
            "createEnvironmentSecretMapping": self.post,
            "getEnvironmentSecretMappings": self.page,
            "getEnvironmentSecretMapping": self.get,
            "updateEnvironmentSecretMapping": self.put,
            "deleteEnvironmentSecretMapping": self.delete,
        }

    def post(self, call: Call) -> Answer:
        """Create the mapping; raises Refusal 409 if its name exists in the environment."""
        environment = self.environment(call)
        name, metadata, spec = self.draft(self.body(call))
        if name in environment.mappings:
            raise Refusal(409, f"EnvironmentSecretMapping '{name}' already exists.")
        self.check_secret(spec)
        now = self.tools.clock.stamp()
        mapping = environment.mappings[name] = Record(name, metadata, spec, now, now)
        return Answer(200, self.view(mapping))

    def page(self, call: Call) -> Answer:
        """A page of the mappings of an environment."""
        mappings = list(self.environment(call).mappings.values())
        return self.listed(call, mappings, RECORD_PROPERTIES, self.view)

    def get(self, call: Call) -> Answer:
        """One mapping."""
        return Answer(200, self.view(self.mapping(call)))

    def put(self, call: Call) -> Answer:
        """Map the connection secret id to another secret."""
        mapping = self.mapping(call)
        name, metadata, spec = self.draft(self.body(call))
        if name != mapping.name:
            raise refuse("metadata.name", f"must be '{mapping.name}', as in the path")
        self.check_secret(spec)
        mapping.metadata, mapping.spec = metadata, spec
        mapping.updated = self.tools.clock.stamp()
        return Answer(200, self.view(mapping))

    def delete(self, call: Call) -> Answer:
        """Remove the mapping; the secret stays."""
        mapping = self.mapping(call)
        del self.environment(call).mappings[mapping.name]
        return Answer(204)

    def mapping(self, call: Call) -> Record:
        """The mapping that the path names; raises Refusal 404."""
        name = call.path["name"]
        mapping = self.environment(call).mappings.get(name)
        if mapping is None:
            raise self.unknown(name)
        return mapping

    def draft(self, body: JsonObject) -> tuple[str, JsonObject, JsonObject]:
        """Name, metadata and spec of a body (contract: EnvironmentSecretMapping); raises Refusal 400."""
        self.check_identity(body)
        name, metadata = self.metadata(body)
        spec = required(body, "spec", dict)
        return name, metadata, {"secretName": required(spec, "secretName", str, "spec.")}

    def check_secret(self, spec: JsonObject) -> None:
        """Raise Refusal 404 unless the secret that the spec names exists."""
        if spec["secretName"] not in self.store.secrets:
            raise Refusal(404, f"Secret '{spec['secretName']}' not found.")

    def view(self, mapping: Record) -> JsonObject:
        """A mapping; its spec names a secret but is none, and samples of the contract show it."""
        return {**self.head(), "metadata": self.view_metadata(mapping), "spec": mapping.spec}
