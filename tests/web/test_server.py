"""The server over the wire: pages, pieces, tabs that come and go, and what is refused."""

from __future__ import annotations

import asyncio
import errno
import http.client
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from support.web import ENGINES, make_parts, served
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from muzero_engine.engine.engine import SEARCH_THREAD
from muzero_engine.web.app import MAX_TABS, PAGE_NAMES, _serve
from muzero_engine.web.requests import MAX_MESSAGE
from muzero_engine.web.server import OneLine, _threads_end, address_host
from muzero_engine.web.tab import Tab


def test_where_it_listens_everywhere_the_address_is_one_to_go_to() -> None:
    assert address_host("127.0.0.1", "127.0.0.1") == ("127.0.0.1", "")
    assert address_host("my.box", "192.168.0.7") == ("my.box", "")
    assert address_host("fe80::1%eth0", "fe80::1%eth0") == ("[fe80::1%eth0]", "")
    for host, bound, own in (("0.0.0.0", "0.0.0.0", "127.0.0.1"), ("0", "0.0.0.0", "127.0.0.1"), ("::", "::", "[::1]")):
        shown, others = address_host(host, bound)
        assert shown == own
        assert "other machines" in others


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served() as address:
        yield address


@dataclass(frozen=True, slots=True)
class Answered:
    """A page as it came."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


def got(address: str, path: str, **headers: str) -> Answered:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return Answered(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def tab(address: str, **headers: str) -> ClientConnection:
    own = {"Origin": address.rstrip("/"), **headers}
    return connect(address.replace("http", "ws") + "tab", additional_headers=own, proxy=None)


def test_pages_come_with_their_types_and_run_no_script_from_elsewhere(address: str) -> None:
    for name in PAGE_NAMES:
        page = got(address, f"/pages/{name}")
        assert page.status == 200
        assert page.body
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "access-control-allow-origin" not in page.headers
    assert got(address, "/").headers["content-type"].startswith("text/html")
    assert got(address, "/pages/app.js").headers["content-type"].startswith("text/javascript")


def test_pieces_are_pictures(address: str) -> None:
    assert b"<svg" in got(address, "/pieces/chess/N.svg").body
    assert got(address, "/pieces/chess/Z.svg").status == 404
    assert got(address, "/pieces/nim/N.svg").status == 404


@pytest.mark.parametrize(
    "path", ["/pages/../app.py", "/pages/%2e%2e/app.py", "/pages/..%2fapp.py", "/../../etc/passwd", "/x", "/pages/"]
)
def test_nothing_else_is_a_page(address: str, path: str) -> None:
    assert got(address, path).status == 404


def test_other_hosts_and_origins_get_nothing(address: str) -> None:
    assert got(address, "/", Host="evil.example").status == 403
    assert got(address, "/pages/app.js", Origin="http://evil.example").status == 403
    with pytest.raises(InvalidStatus), tab(address, Origin="http://evil.example"):
        pass
    with pytest.raises(InvalidStatus), connect(address.replace("http", "ws") + "tab", proxy=None):
        pass


def test_with_a_token_nothing_is_said_without_it() -> None:
    with served(token="secret") as address:
        assert got(address, "/").status == 403
        page = got(address, "/?token=secret")
        assert page.status == 200
        cookie = page.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert got(address, "/pages/app.js", Cookie=cookie.partition(";")[0]).status == 200
        with pytest.raises(InvalidStatus), tab(address):
            pass
        with tab(address, Cookie=cookie.partition(";")[0]) as own:
            own.send(json.dumps({"ask": "show", "id": 1, "about": {"where": {"game": "chess"}}}))
            assert json.loads(own.recv(10))["ply"] == 0


def test_a_tab_that_goes_ends_its_engine(address: str) -> None:
    made = len(ENGINES)
    for _ in range(5):  # reloads in a row, each in the middle of a search without end
        with tab(address) as page:
            page.send(json.dumps({"ask": "go", "id": 1, "about": {"where": {"game": "go"}}}))
            assert "info" in json.loads(page.recv(30))
    until = time.monotonic() + 30
    while any(engine.searching for engine in ENGINES[made:]) and time.monotonic() < until:
        time.sleep(0.02)
    assert len(ENGINES) == made + 5
    assert not any(engine.searching for engine in ENGINES[made:])


def test_tabs_are_counted(address: str) -> None:
    with ExitStack() as tabs:
        for _ in range(MAX_TABS):
            tabs.enter_context(tab(address))
        one_more = tabs.enter_context(tab(address))
        with pytest.raises(ConnectionClosed, match="close one"):
            one_more.recv(10)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            with tab(address) as page:
                page.send(json.dumps({"ask": "hello"}))
                assert "games" in json.loads(page.recv(10))
                return
        except ConnectionClosed:
            time.sleep(0.05)
    raise AssertionError("tabs that went are still counted")


def test_who_asks_without_end_is_sent_away(address: str) -> None:
    def ask_without_end(page: ClientConnection) -> None:
        for _ in range(10_000):
            page.send('{"ask": "stop"}')
            page.recv(10)

    with tab(address) as page, pytest.raises(ConnectionClosed, match="too many"):
        ask_without_end(page)


def test_a_request_that_is_too_long_ends_the_tab_alone(address: str) -> None:
    with tab(address) as page:
        page.send("x" * (MAX_MESSAGE + 1))
        with pytest.raises(ConnectionClosed):
            page.recv(10)
    assert got(address, "/").status == 200


def test_a_tab_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stopped:
        """A browser that asks for a search without end and reads no more."""

        asked = iter([json.dumps({"ask": "go", "id": 1, "about": {"where": {"game": "tictactoe"}}})])

        async def accept(self) -> None: ...

        async def receive_text(self) -> str:
            text = next(self.asked, None)
            return await asyncio.Future[str]() if text is None else text

        async def send_text(self, _: str) -> None:
            await asyncio.Future[None]()

    monkeypatch.setattr("muzero_engine.web.app.STALLED_SECONDS", 0.05)
    tabs: set[Tab] = set()
    asyncio.run(_serve(Stopped(), make_parts(), tabs))  # type: ignore[arg-type]  # all of it that is needed
    until = time.monotonic() + 30
    while tabs and time.monotonic() < until:
        time.sleep(0.02)
    assert not tabs
    assert not any(engine.searching for engine in ENGINES)


def test_what_a_tab_sends_is_no_fault_of_the_server(address: str, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("uvicorn.error").addHandler(caplog.handler)  # it hands nothing on to others
    with tab(address) as page:
        page.socket.sendall(b"\x81\x82\0\0\0\0\xff\xfe")  # a text that is none
        with pytest.raises(ConnectionClosed):
            page.recv(10)
    logging.getLogger("uvicorn.error").removeHandler(caplog.handler)
    assert not caplog.records


def test_the_command_prints_its_address_and_ends_at_ctrl_c() -> None:
    command = [sys.executable, "-m", "muzero_engine", "web", "--no-browser", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        match = re.search(r"http://127\.0\.0\.1:\d+/", program.stdout.readline())
        assert match is not None
        assert got(match[0], "/").status == 200  # at once: it listens before it says where
        with tab(match[0]) as page:
            page.send(json.dumps({"ask": "hello"}))
            assert "trained" in json.loads(page.recv(10))["games"][0]["weights"]
            os.kill(program.pid, signal.SIGINT)
            assert program.wait(30) == 0
        assert program.stderr.read() == ""


def test_a_port_that_is_taken_is_a_sentence() -> None:
    with served() as address:
        port = str(urlsplit(address).port)
        run = subprocess.run(
            [sys.executable, "-m", "muzero_engine", "web", "--no-browser", "--port", port],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert run.returncode == 1
    assert run.stderr.startswith("Error: cannot listen on 127.0.0.1 port")
    assert len(run.stderr.splitlines()) == 1


def test_a_system_without_room_for_another_connection_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    """The event loop says so with a traceback 64 times a second."""
    loop, handle = asyncio.new_event_loop(), OneLine()
    try:
        for _ in range(3):
            handle(
                loop, {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "Full")}
            )
        handle(loop, {"message": "callback", "exception": ValueError("Invalid file descriptor: -1")})
    finally:
        loop.close()
    assert capsys.readouterr().err == "more connections than the system lets: Full; some wait\n"


def test_the_end_waits_for_searches_in_native_code_a_while() -> None:
    """One that comes back while Python is taken down would end the process with an error of C++."""
    until = threading.Event()
    thread = threading.Thread(target=until.wait, name=SEARCH_THREAD, daemon=True)
    thread.start()
    assert not _threads_end(0.01)
    until.set()
    thread.join()
    assert _threads_end(10.0)
