from __future__ import annotations

import httpx
import pytest

from .samples import application

NAMES = ["zulu", "alfa", "mike", "echo", "bravo", "kilo", "lima"]


@pytest.fixture
def listing(client: httpx.Client, home: str) -> str:
    for name in NAMES:
        client.post(home + "/applications", json=application(name))
    return home + "/applications"


def names(client: httpx.Client, listing: str, query: str) -> list[str]:
    return [item["metadata"]["name"] for item in client.get(f"{listing}?{query}").json()["items"]]


def test_pages_partition_the_list(client: httpx.Client, listing: str) -> None:
    for size in (1, 2, 3, 7, 8):
        walked = [names(client, listing, f"size={size}&page={page}") for page in range(9)]
        assert [name for page in walked for name in page] == NAMES
        assert all(len(page) <= size for page in walked)
    page = client.get(listing, params={"page": 1, "size": 3}).json()
    assert page["pageable"] == {
        "page": 1,
        "size": 3,
        "sort": {"sorted": False, "unsorted": True, "empty": True},
    }
    assert page["metadata"] == {"size": 7}


def test_sorting(client: httpx.Client, listing: str) -> None:
    ascending = sorted(NAMES)
    for query in (
        "sort=name",
        "sort=name,asc",
        "sort=metadata.name,ASC",
        "sort=created_time,desc&sort=name,asc",
    ):
        expected = NAMES[::-1] if "created" in query else ascending
        assert names(client, listing, query) == expected
    assert names(client, listing, "sort=name,desc&size=3&page=1") == ascending[::-1][3:6]
    assert names(client, listing, "sort=&sort=name") == ascending
    assert client.get(listing + "?sort=name").json()["pageable"]["sort"]["sorted"] is True


def test_a_later_criterion_orders_only_equals(client: httpx.Client) -> None:
    made = {"srt-a": "nn-1", "srt-b": "nn-2", "srt-c": "nn-1", "srt-d": "nn-2"}
    for name, namespace in made.items():
        client.post("/cmf/api/v1/environments", json={"name": name, "kubernetesNamespace": namespace})
    query = "size=2000&sort=kubernetesNamespace,desc&sort=name,asc"
    items = client.get(f"/cmf/api/v1/environments?{query}").json()["items"]
    assert [item["name"] for item in items if item["name"] in made] == ["srt-b", "srt-d", "srt-a", "srt-c"]


@pytest.mark.parametrize("query", ["page=-1", "page=x", "page=", "page=99999999999999999999", "size=0", "size=-1",
                                   "size=x", "size=1.5", "size=" + "9" * 5000, "page=%00&size=%ff", "size=5000"])  # fmt: skip
def test_nonsense_falls_back(client: httpx.Client, listing: str, query: str) -> None:
    answer = client.get(f"{listing}?{query}")
    assert answer.status_code == 200
    assert [item["metadata"]["name"] for item in answer.json()["items"]] == NAMES


@pytest.mark.parametrize(
    "query", ["sort=nothing", "sort=name,up", "sort=name,asc,desc", "sort=__class__", "sort=asc"]
)
def test_unknown_sorting_is_refused(client: httpx.Client, listing: str, query: str) -> None:
    assert client.get(f"{listing}?{query}").status_code == 400
