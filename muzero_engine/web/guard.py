"""Who may talk to the server: pages of its own address alone, and elsewhere than on this machine those with a token.

A page of another site can make a browser send requests here. It cannot choose the `Host` that the browser writes (a
name that was bent to 127.0.0.1 is told by it) nor the `Origin` (which tells its own site), and so both are checked.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, urlsplit

COOKIE = "muzero_token"


def is_loopback(host: str) -> bool:
    """Return whether a name or an address can only mean this machine. Names that resolve to it are none of it: anybody
    can have one.
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Guard:
    """What is asked of a request. `token` is None where the server listens on loopback alone and wants none."""

    host: str  # that the server listens on
    port: int
    token: str | None

    def refusal(self, headers: Mapping[str, str], query: str) -> str | None:
        """Return why a request is refused, None where it is not. Header names are lower case."""
        host = headers.get("host", "")
        if not self._is_own(host):
            return "this server does not answer to that name"
        origin = headers.get("origin")
        if origin is not None and _place(origin) != host:
            return "a page of another site asked"
        site = headers.get("sec-fetch-site")
        mode = headers.get("sec-fetch-mode")
        if site in ("cross-site", "same-site") and mode != "navigate":
            return "a page of another site asked"
        if self.token is not None and not self._has_token(headers, query):
            return "the token is missing or wrong: use the whole address that the server printed"
        return None

    def _is_own(self, host: str) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.port:
            return False
        return self.token is not None or is_loopback(name)

    def _has_token(self, headers: Mapping[str, str], query: str) -> bool:
        assert self.token is not None
        given = [*parse_qs(query).get("token", []), _cookie(headers.get("cookie", ""))]
        return any(hmac.compare_digest(text.encode(), self.token.encode()) for text in given)


def _place(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _cookie(header: str) -> str:
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""
