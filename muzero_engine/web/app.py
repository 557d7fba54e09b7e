"""The server's application: pages, pieces, and one WebSocket a tab."""

from __future__ import annotations

import asyncio
import contextlib
import json
import mimetypes
import queue
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from muzero_engine.files import read_limited
from muzero_engine.games.registry import UnknownGame, load_game
from muzero_engine.web.guard import COOKIE, Guard
from muzero_engine.web.requests import Asked
from muzero_engine.web.tab import Parts, Tab
from muzero_engine.web.views import Data

MAX_WAITING = 100  # requests of a tab
TAB_THREAD = "tab"
MAX_TABS = 12  # each has an engine
MESSAGES_A_SECOND = 50  # of a tab, in the mean of `RATE_SECONDS`
RATE_SECONDS = 4.0
STALLED_SECONDS = 30.0  # that a message may take to be sent
BUSY, TOO_FAST = 4001, 4002  # codes with which a WebSocket is closed
PAGES = Path(__file__).parent / "pages"
MAX_PAGE = 1 << 20  # bytes
PAGE_NAMES = frozenset(page.name for page in PAGES.iterdir() if page.is_file())
HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


def make_app(parts: Parts, guard: Guard) -> ASGIApp:
    """Return the application."""
    tabs: set[Tab] = set()

    async def socket(websocket: WebSocket) -> None:
        await _serve(websocket, parts, tabs)

    app = Starlette(
        routes=[
            Route("/", _page),
            Route("/pages/{name}", _page),
            Route("/pieces/{game}/{letter}.svg", _piece),
            WebSocketRoute("/tab", socket),
        ],
        exception_handlers={404: _not_found},
    )
    return _Guarded(app, guard)


class _Guarded:
    """Refuses what the guard refuses, before anything else sees it."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        refusal = self._guard.refusal(headers, query)
        if scope["type"] == "websocket":
            if refusal is not None or "origin" not in headers:
                await WebSocket(scope, receive, send).close(1008)
            else:
                await self._app(scope, receive, send)
        elif refusal is not None:
            await PlainTextResponse(f"{refusal}\n", 403, HEADERS)(scope, receive, send)
        else:
            await self._app(scope, receive, self._with_headers(send))

    def _with_headers(self, send: Send) -> Send:
        extra = dict(HEADERS)
        if self._guard.token is not None:
            extra["set-cookie"] = f"{COOKIE}={self._guard.token}; HttpOnly; SameSite=Strict; Path=/"

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [(name.encode(), value.encode()) for name, value in extra.items()]
                message = {**message, "headers": [*message["headers"], *added]}
            await send(message)

        return with_headers


async def _page(request: Request) -> Response:
    name = request.path_params.get("name", "index.html")
    if name not in PAGE_NAMES:
        return await _not_found(request, None)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(
        read_limited(PAGES / name, MAX_PAGE), media_type="text/javascript" if name.endswith(".js") else kind
    )


async def _piece(request: Request) -> Response:
    try:
        game = load_game(request.path_params["game"])
    except UnknownGame:
        return await _not_found(request, None)
    picture = game.piece_picture(request.path_params["letter"]) if game.piece_picture is not None else None
    if picture is None:
        return await _not_found(request, None)
    return Response(picture, media_type="image/svg+xml", headers={"cache-control": "max-age=86400"})


async def _not_found(_request: Request, _error: Exception | None) -> Response:
    return PlainTextResponse("there is no such page\n", 404)


async def _serve(websocket: WebSocket, parts: Parts, tabs: set[Tab]) -> None:
    """Serve one tab until it goes."""
    await websocket.accept()
    if len(tabs) >= MAX_TABS:
        await websocket.close(BUSY, f"{MAX_TABS} tabs are open already: close one")
        return
    outbox = _Outbox(asyncio.get_running_loop())
    tab = Tab(parts, outbox.put)
    tabs.add(tab)
    worker = _Worker(tab, lambda: tabs.discard(tab))
    tasks = [asyncio.create_task(run) for run in (_hear(websocket, tab, worker), outbox.run(websocket.send_text))]
    try:
        with contextlib.suppress(asyncio.CancelledError):  # the server ends, and the tab does not answer
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        tab.leave()
        worker.end()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


async def _hear(websocket: WebSocket, tab: Tab, worker: _Worker) -> None:
    """Take requests of a tab until it goes, or asks too much."""
    came: deque[float] = deque(maxlen=int(MESSAGES_A_SECOND * RATE_SECONDS))
    with contextlib.suppress(WebSocketDisconnect, RuntimeError, KeyError):  # it went, or sent what is no text
        while True:
            text = await websocket.receive_text()
            came.append(time.monotonic())
            if len(came) == came.maxlen and came[-1] - came[0] < RATE_SECONDS:
                await websocket.close(TOO_FAST, "too many requests")
                break
            if worker.waiting >= MAX_WAITING:
                await websocket.close(TOO_FAST, "too many requests wait for their answers")
                break
            if (asked := tab.hear(text)) is not None:
                worker.put(asked)


class _Worker:
    """Answers the requests of a tab in a thread of its own, which holds up neither other tabs nor the program's end."""

    def __init__(self, tab: Tab, ended: Callable[[], None]) -> None:
        """Begin with nothing to do. `ended` is called when the tab is closed, in that thread."""
        self._tab = tab
        self._ended = ended
        self._asked: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        threading.Thread(target=self._run, name=TAB_THREAD, daemon=True).start()

    @property
    def waiting(self) -> int:
        """Return how many requests wait."""
        return self._asked.qsize()

    def put(self, asked: Asked) -> None:
        self._asked.put(asked)

    def end(self) -> None:
        """Close the tab after the request that is answered now."""
        self._asked.put(None)

    def _run(self) -> None:
        while (asked := self._asked.get()) is not None:
            self._tab.answer(asked)
        self._tab.close()
        self._ended()


class _Outbox:
    """Answers on their way to a tab. Of the reports of one search that still wait only the newest is kept."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Data] = deque()
        self._some = asyncio.Event()

    def put(self, message: Data) -> None:
        """Take a message, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._add, message)

    def _add(self, message: Data) -> None:
        if "info" in message and self._waiting and "info" in self._waiting[-1]:
            self._waiting.pop()
        self._waiting.append(message)
        self._some.set()

    async def run(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Send what there is, for ever, or until the tab is gone or takes nothing for a while."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError, TimeoutError):
            while True:
                await self._some.wait()
                self._some.clear()
                while self._waiting:
                    text = json.dumps(self._waiting.popleft(), ensure_ascii=False, separators=(",", ":"))
                    text = text.encode(errors="replace").decode()  # half a character, echoed, is no text
                    await asyncio.wait_for(send(text), STALLED_SECONDS)
