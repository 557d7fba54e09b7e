"""The server as a program: where it listens, the address that it prints, and its end."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import secrets
import socket
import sys
import threading
import time
import webbrowser
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from muzero_engine.engine.engine import SEARCH_THREAD
from muzero_engine.web.app import TAB_THREAD, make_app
from muzero_engine.web.guard import Guard, is_loopback
from muzero_engine.web.requests import MAX_MESSAGE
from muzero_engine.web.tab import Parts

CLOSE_SECONDS = 1  # that open tabs have when the server ends
END_SECONDS = 3.0  # that their engines have then
WAITING = 64  # connections that the system holds until the server takes them
_OF_TABS = ("Invalid UTF-8 sequence", "Cancel ")  # tasks that do not end
_FULL = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))


class CannotServe(RuntimeError):
    """The server cannot listen where it was asked to; the message says why, and what would do."""


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(16)


def settings_of(app: ASGIApp) -> uvicorn.Config:
    """Return how the application is served: quietly, and without a tab that does not answer any more."""
    config = uvicorn.Config(
        app,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        timeout_graceful_shutdown=CLOSE_SECONDS,
        backlog=WAITING,
    )
    logging.getLogger("uvicorn.error").addFilter(_no_fault_of_ours)
    return config


def _no_fault_of_ours(record: logging.LogRecord) -> bool:
    """Return whether a message of the server's is to be seen: not what a tab sent or left unread."""
    return not record.getMessage().startswith(_OF_TABS)


def serve(
    parts: Parts,
    host: str,
    port: int,
    token: str | None,
    say: Callable[[str], None],
    *,
    browser: bool,
) -> bool:
    """Serve until Ctrl-C; return whether all tabs' threads have ended then. Raises CannotServe.

    Where one has not, it is in a network's native code, which ends the process with an error if it comes back while
    Python is taken down.

    A port of 0 is any that is free. `say` is told the address once the server listens there. With `browser` it is
    opened. A `host` that others can reach demands a token.
    """
    if token is None and not is_loopback(host):
        token = new_token()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(WAITING)  # before the address is told: who is quick waits, and is not refused
    except (OSError, OverflowError, TypeError) as error:  # TypeError: a name that has no bytes
        listener.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotServe(f"cannot listen on {host} port {port}: {reason}; --port 0 takes one that is free") from None
    bound, port = listener.getsockname()[:2]
    shown, others = address_host(host, bound)
    address = f"http://{shown}:{port}/{f'?token={token}' if token else ''}"
    settings = settings_of(make_app(parts, Guard(host, port, token)))
    say(f"The board is at {address} (Ctrl-C ends it){others}")
    if browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    try:
        asyncio.run(_run(uvicorn.Server(settings), listener))
    except KeyboardInterrupt:
        say("\nstopped as asked")
    finally:
        listener.close()
    return _threads_end(END_SECONDS)


def address_host(host: str, bound: str) -> tuple[str, str]:
    """Return how a server that listens on `host`, which the system calls `bound`, is called in an address here, and
    words on how others call it: where it listens everywhere, `host` is no place to go to."""
    if not ipaddress.ip_address(bound.partition("%")[0]).is_unspecified:
        return (f"[{host}]" if ":" in host else host), ""
    own = "[::1]" if ":" in bound else "127.0.0.1"
    return own, f"; for other machines it has this one's name or address in place of {own}"


def _threads_end(seconds: float) -> bool:
    """Wait for the threads of tabs and their searches, so long at most; return whether they have ended."""
    end = time.monotonic() + seconds
    own = [thread for thread in threading.enumerate() if thread.name in (TAB_THREAD, SEARCH_THREAD)]
    for thread in own:
        thread.join(max(0.0, end - time.monotonic()))
    return not any(thread.is_alive() for thread in own)


async def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    asyncio.get_running_loop().set_exception_handler(OneLine())
    await server.serve([listener])


class OneLine:
    """What the event loop does with errors that nobody caught: one line where the system has no room for another
    connection, once, since it tries again and again; the whole of any other."""

    def __init__(self) -> None:
        self._told = False

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, OSError) and error.errno in _FULL:
            if not self._told:
                print(
                    f"more connections than the system lets: {error.strerror}; some wait", file=sys.stderr, flush=True
                )
            self._told = True
        elif not (self._told and isinstance(error, ValueError)):  # of a listener that is closed while it tries
            loop.default_exception_handler(context)
