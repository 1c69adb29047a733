"""Hypothesis strategies for the CMF API, for tests of your own: the ones that the property tests of a run use.

Bodies are legal by the contract, as a real CMF accepts them, and start no pod: applications are suspended,
statements read metadata.  Names are legal, begin with a prefix that you choose, and rarely repeat::

    from hypothesis import given
    from conformance import strategies as cmf

    @given(cmf.environments(prefix="demo-"))
    def test_it_is_kept(body): ...

``features`` has the words that a target needs, such as an image or a namespace (see ``conformance.config.Features``).
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.config import Features
from conformance.properties import sql_values, values
from conformance.properties.drafts import ILLEGAL_SHAPES, LEGAL_SHAPES, PARAMETER_VALUES, TOO_LONG
from conformance.properties.names import LONGEST, bind, fault

__all__ = [
    "PREFIX",
    "applications",
    "catalogs",
    "compute_pools",
    "environments",
    "hostile_parameters",
    "illegal_names",
    "names",
    "parameters",
    "secret_mappings",
    "secrets",
    "statement_updates",
    "statements",
    "texts",
]

Object = dict[str, Any]
Query = list[tuple[str, str]]

PREFIX = "test-"
_DEFAULTS = Features()
_LONGEST_PREFIX = 100
_TOKEN = 6
_SORTS = ("name", "name,asc", "name,desc")


def environments(prefix: str = PREFIX, features: Features = _DEFAULTS) -> SearchStrategy[Object]:
    """Bodies for ``createOrUpdateEnvironment``: every optional property present or absent."""
    return _bound(values.environment_bodies(features), prefix, features)


def applications(prefix: str = PREFIX, features: Features = _DEFAULTS) -> SearchStrategy[Object]:
    """Bodies for ``createOrUpdateApplication``: complete, and suspended."""
    return _bound(values.application_bodies(features), prefix, features)


def statements(pool: str, prefix: str = PREFIX, features: Features = _DEFAULTS) -> SearchStrategy[Object]:
    """Bodies for ``createStatement``: statements that only read metadata, in the compute pool of that name."""
    return _bound(sql_values.statement_bodies(features), prefix, features, needed=pool)


def statement_updates(name: str, pool: str, features: Features = _DEFAULTS) -> SearchStrategy[Object]:
    """Bodies for ``updateStatement`` of the statement of that name: other labels and annotations, nothing else."""
    return _bound(sql_values.statement_updates(features), name, features, needed=pool, exact=True)


def compute_pools(prefix: str = PREFIX, features: Features = _DEFAULTS) -> SearchStrategy[Object]:
    """Bodies for ``createComputePool``: dedicated pools of all shapes."""
    return _bound(sql_values.compute_pool_bodies(features), prefix, features)


def secrets(prefix: str = PREFIX) -> SearchStrategy[Object]:
    """Bodies for ``createSecret``: properties of a connection, with values of any text."""
    return _bound(sql_values.secret_bodies(_DEFAULTS), prefix, _DEFAULTS)


def secret_mappings(secret: str, prefix: str = PREFIX) -> SearchStrategy[Object]:
    """Bodies for ``createEnvironmentSecretMapping``, to the secret of that name."""
    return _bound(sql_values.mapping_bodies(_DEFAULTS), prefix, _DEFAULTS, needed=secret)


def catalogs(prefix: str = PREFIX) -> SearchStrategy[Object]:
    """Bodies for ``createKafkaCatalog``: one to three databases, on hosts that nobody connects to."""
    return _bound(sql_values.catalog_bodies(_DEFAULTS), prefix, _DEFAULTS)


def texts() -> SearchStrategy[str]:
    """Any text that must be kept as it is: scripts, quotes, line breaks, look-alikes of other types."""
    return values.texts()


def names(prefix: str = PREFIX) -> SearchStrategy[str]:
    """Legal names of every shape that the pattern allows, up to the longest."""
    shapes = st.one_of(values.names(), st.sampled_from(LEGAL_SHAPES))
    return _bound(shapes, prefix, _DEFAULTS)


def illegal_names(prefix: str = PREFIX) -> SearchStrategy[str]:
    """Names that the contract forbids: each illegal shape by itself, too long, and (without the prefix) too short.

    What is wrong stands behind the prefix, so that a server which accepts one creates something with your prefix.
    """
    wrong = _bound(st.sampled_from((*ILLEGAL_SHAPES, *TOO_LONG)), prefix, _DEFAULTS)
    return st.one_of(wrong, st.sampled_from(("", "a", "ab", "abc"))).filter(fault)


def parameters() -> SearchStrategy[Query]:
    """Query parameters of a list that every server must serve: pages from 0, sizes of 1 to 100, sorting by name."""
    page = st.integers(0, 1_000).map(lambda number: [("page", str(number))])
    size = st.integers(1, 100).map(lambda number: [("size", str(number))])
    sort = st.sampled_from(_SORTS).map(lambda text: [("sort", text)])
    nothing: SearchStrategy[Query] = st.just([])
    return st.builds(
        lambda *parts: [pair for part in parts for pair in part],
        *(nothing | each for each in (page, size, sort)),
    )


def hostile_parameters() -> SearchStrategy[Query]:
    """One query parameter with a value that a server may refuse but must survive: no 5xx."""
    pairs = [(key, value) for key, known in PARAMETER_VALUES.items() for value in known]
    return st.sampled_from(pairs).flatmap(
        lambda pair: _bound(st.just(pair[1]), PREFIX, _DEFAULTS).map(lambda text: [(pair[0], text)])
    )


def _bound(
    found: SearchStrategy[Any], prefix: str, features: Features, *, needed: str = "", exact: bool = False
) -> SearchStrategy[Any]:
    """The values with names in them that begin with the prefix, or are exactly that name."""
    wrong = fault(prefix if exact else f"{prefix}{'a' * _TOKEN}")
    if wrong or len(prefix) > (LONGEST if exact else _LONGEST_PREFIX):
        raise ValueError(f"{prefix!r} can't begin a name: {wrong or 'it is too long'}")
    tokens = (
        st.just("")
        if exact
        else st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=_TOKEN, max_size=_TOKEN)
    )
    return st.builds(
        lambda value, token: bind(
            value, name=f"{prefix}{token}", namespace=features.namespace, needed=needed
        ),
        found,
        tokens,
    )
