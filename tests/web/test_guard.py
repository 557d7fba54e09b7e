"""Who is answered: pages of the server's own address, and elsewhere those with the token."""

from __future__ import annotations

import pytest

from muzero_engine.web.guard import Guard

LOCAL = Guard("127.0.0.1", 8484, None)
OPEN = Guard("0.0.0.0", 8484, "secret")


@pytest.mark.parametrize("host", ["127.0.0.1:8484", "localhost:8484", "[::1]:8484"])
def test_the_own_address_is_answered(host: str) -> None:
    assert LOCAL.refusal({"host": host}, "") is None
    assert LOCAL.refusal({"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}, "") is None


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8484",
        "127.0.0.1",
        "127.0.0.1:80",
        "[",
        "a:b:c",
        "127.evil.com:8484",
        "127.0.0.1.evil.com:8484",
    ],
)
def test_another_name_is_refused(host: str) -> None:
    assert LOCAL.refusal({"host": host}, "") is not None


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://localhost:9999"},
        {"origin": "http://127.0.0.1:8484.evil.example"},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"},
    ],
)
def test_pages_of_other_sites_are_refused(headers: dict[str, str]) -> None:
    assert LOCAL.refusal({"host": "127.0.0.1:8484", **headers}, "") is not None


def test_a_link_from_elsewhere_may_be_followed() -> None:
    headers = {"host": "localhost:8484", "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert LOCAL.refusal(headers, "") is None


def test_elsewhere_the_token_is_asked_for() -> None:
    host = {"host": "192.168.1.5:8484"}
    assert OPEN.refusal(host, "") is not None
    assert OPEN.refusal(host, "token=wrong") is not None
    assert OPEN.refusal(host, "token=secre%C3%A9") is not None
    assert OPEN.refusal(host, "token=secret") is None
    assert OPEN.refusal({**host, "cookie": "a=b; muzero_token=secret"}, "") is None
    assert OPEN.refusal({**host, "cookie": "muzero_token=wrong"}, "") is not None
    assert OPEN.refusal({**host, "cookie": '"'}, "") is not None
