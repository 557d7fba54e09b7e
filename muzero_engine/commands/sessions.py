"""`uci`, `gtp`, `usi`, `ugi`, `analysis`, and `listen`, which waits to see which of the first three is spoken."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click

from muzero_engine.commands.common.compose import AUTHOR, NAME, engine_version, make_engine, weights_line
from muzero_engine.commands.common.flags import OF_CLOCKS, OF_GAMES, OF_LINES, OF_RESIGNATIONS, engine_flags
from muzero_engine.commands.common.games import GAMES, GameName
from muzero_engine.commands.common.numbers import FiniteNumber, KomiNumber
from muzero_engine.engine.options import EngineOptions
from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.protocols import gtp as gtp_protocol
from muzero_engine.protocols import katago
from muzero_engine.protocols import uci as uci_protocol
from muzero_engine.protocols import usi as usi_protocol
from muzero_engine.protocols.common.stdio import Inbox, Session, Writer, open_stdio, run_session

HINT = (
    f"muzero-engine waits for a GUI: it answers 'uci' ({uci_protocol.GAME}), 'usi' ({usi_protocol.GAME}) and GTP "
    f"commands like 'boardsize 9' ({gtp_protocol.GAME}). "
    "'muzero-engine play' is a game in the terminal, 'muzero-engine --help' lists the commands."
)
OF_MATES = frozenset({"mate_search"})  # of no use where neither chess nor shogi is spoken
OF_NO_QUERY = frozenset({"ponder", "move_overhead_ms", "info_interval_ms"})  # queries say these themselves
WHICH_GAME = "UGI does not say which game is played: start 'muzero-engine ugi --game GAME'"

# What a GTP controller may send first; `quit` is no sign of any protocol.
GTP_OPENERS = frozenset(
    {
        "protocol_version",
        "name",
        "version",
        "known_command",
        "list_commands",
        "boardsize",
        "rectangular_boardsize",
        "clear_board",
        "komi",
        "play",
        "genmove",
        "time_settings",
        "kgs-time_settings",
        "loadsgf",
        "showboard",
        "set_random_seed",
        "kata-get-rules",
        "kata-set-rules",
        "gogui-analyze_commands",
    }
)


@click.command()
@engine_flags(leave_out=OF_RESIGNATIONS)
def uci(options: EngineOptions) -> None:
    """Speak UCI: chess.

    \b
    Examples:
      muzero-engine uci --threads 2 --hash-mb 512
      muzero-engine uci --weights my-weights
    """
    inbox, writer = open_stdio()
    run_session(_uci_session(options, inbox, writer), inbox)


@click.command()
@engine_flags()
def usi(options: EngineOptions) -> None:
    """Speak USI: shogi.

    \b
    Examples:
      muzero-engine usi --threads 2 --hash-mb 512
      muzero-engine usi --weights my-weights
    """
    inbox, writer = open_stdio()
    run_session(_usi_session(options, inbox, writer), inbox)


@click.command()
@click.option("--game", type=GameName(), required=True, help=GAMES)
@engine_flags(leave_out=OF_RESIGNATIONS | OF_MATES | {"ponder"})
def ugi(game: str, options: EngineOptions) -> None:
    """Speak UGI: games that have no protocol of their own.

    \b
    Examples:
      muzero-engine ugi --game othello
      muzero-engine ugi --game tictactoe --threads 2
    """
    inbox, writer = open_stdio()
    run_session(_ugi_session(game, options, writer), inbox)


@click.command()
@click.option("--boardsize", type=click.IntRange(2, 19), help="Lines of the board until the client says  [9]")
@click.option("--komi", type=KomiNumber(), help="Komi until the client says  [7.5]")
@click.option("--name", help="Answer `name` with this; Lizzie, for one, looks for KataGo")
@click.option("--version", help="Answer `version` with this")
@click.option("--visits", type=click.IntRange(min=1), help="Simulations a move")
@click.option(
    "--move-time",
    type=FiniteNumber(min=0.0, min_open=True),
    help="Seconds a move where the client sets no clock  [5]",
)
@engine_flags(leave_out=OF_LINES | OF_MATES)
def gtp(
    boardsize: int | None,
    komi: float | None,
    name: str | None,
    version: str | None,
    visits: int | None,
    move_time: float | None,
    options: EngineOptions,
) -> None:
    """Speak GTP: Go.

    \b
    Examples:
      muzero-engine gtp --threads 2 --move-time 3
      muzero-engine gtp --boardsize 19 --visits 400
    """
    from muzero_engine.protocols.gtp.params import GtpSettings

    settings = GtpSettings(max_visits=visits)
    if move_time is not None:
        settings = replace(settings, unlimited_move_s=move_time)
    arguments: dict[str, Any] = {"settings": settings, "name": name, "version": version, "komi": komi}
    arguments["shape"] = None if boardsize is None else (boardsize, boardsize)
    inbox, writer = open_stdio()
    known = {key: value for key, value in arguments.items() if value is not None}
    run_session(_gtp_session(options, inbox, writer, **known), inbox)


@click.command()
@click.option("--visits", type=click.IntRange(min=1), help="Simulations where a query sets no bound  [500]")
@engine_flags(leave_out=OF_GAMES | OF_LINES | OF_RESIGNATIONS | OF_MATES | OF_CLOCKS | OF_NO_QUERY)
def analysis(visits: int | None, options: EngineOptions) -> None:
    """Speak KataGo's JSON analysis protocol: Go, for KaTrain.

    \b
    Examples:
      muzero-engine analysis --threads 2
      muzero-engine analysis --visits 200
    """
    from muzero_engine.protocols.katago.session import DEFAULT_VISITS, KatagoAnalysisSession

    inbox, writer = open_stdio()
    engine = make_engine(katago.GAME, options)
    session = KatagoAnalysisSession(
        engine,
        writer,
        inbox,
        max_visits=visits or DEFAULT_VISITS,
        describe=lambda: weights_line(katago.GAME, engine.options),
    )
    run_session(session, inbox)


def protocol_of(line: str) -> EngineProtocol | None:
    """Return the protocol that a first line belongs to, if it is one that a GUI begins with."""
    words = line.split()
    if words and words[0].isdecimal():  # the id of a GTP command
        words = words[1:]
    match words[:1]:
        case ["uci" | "ucinewgame"]:
            return EngineProtocol.UCI
        case ["usi" | "usinewgame"]:
            return EngineProtocol.USI
        case ["ugi" | "uginewgame"]:
            return EngineProtocol.UGI
        case [word] if word in GTP_OPENERS:
            return EngineProtocol.GTP
        case _:
            return None


def listen() -> None:
    """Answer on standard output in the protocol of the first line that is known.

    Ends with one line where that is UGI, which leaves the game open.
    """
    inbox, writer = open_stdio()
    if sys.stdin.isatty():
        print(HINT, file=sys.stderr)
    while (line := inbox.get()) is not None and line.strip() != "quit":
        protocol = protocol_of(line)
        if protocol is EngineProtocol.UGI:
            raise click.ClickException(f"{WHICH_GAME} ({', '.join(game_names())})")
        if protocol is not None:
            session = SESSIONS[protocol](EngineOptions(), inbox, writer)
            if session.handle(line):
                run_session(session, inbox)
            else:
                session.close()
            return
        if line.strip():
            print(f"ignored {line.strip()[:60]!r}. {HINT}", file=sys.stderr)


def _uci_session(options: EngineOptions, _inbox: Inbox, writer: Writer) -> Session:
    from muzero_engine.protocols.uci.session import UciSession

    engine = make_engine(uci_protocol.GAME, options)
    return UciSession(
        engine,
        writer,
        name=f"{NAME} {engine_version(uci_protocol.GAME, options)}",
        author=AUTHOR,
        describe=lambda: weights_line(uci_protocol.GAME, engine.options),
    )


def _usi_session(options: EngineOptions, _inbox: Inbox, writer: Writer) -> Session:
    from muzero_engine.protocols.usi.session import UsiSession

    engine = make_engine(usi_protocol.GAME, options)
    return UsiSession(
        engine,
        writer,
        name=f"{NAME} {engine_version(usi_protocol.GAME, options)}",
        author=AUTHOR,
        describe=lambda: weights_line(usi_protocol.GAME, engine.options),
    )


def _ugi_session(game: str, options: EngineOptions, writer: Writer) -> Session:
    from muzero_engine.protocols.ugi.session import UgiSession

    engine = make_engine(game, options)
    return UgiSession(
        load_game(game),
        engine,
        writer,
        name=f"{NAME} {engine_version(game, options)}",
        author=AUTHOR,
        describe=lambda: weights_line(game, engine.options),
    )


def _gtp_session(options: EngineOptions, inbox: Inbox, writer: Writer, **settings: Any) -> Session:
    """Serve GTP; `settings` are further arguments of `GtpSession`."""
    from muzero_engine.protocols.gtp.session import GtpSession

    version = engine_version(gtp_protocol.GAME, options)
    return GtpSession(
        make_engine(gtp_protocol.GAME, options), writer, inbox, **{"name": NAME, "version": version, **settings}
    )


SESSIONS: dict[EngineProtocol, Callable[[EngineOptions, Inbox, Writer], Session]] = {
    EngineProtocol.UCI: _uci_session,
    EngineProtocol.USI: _usi_session,
    EngineProtocol.GTP: _gtp_session,
}
