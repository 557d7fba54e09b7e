"""`web`: a board in the browser."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Sequence

import click

from muzero_engine.commands.common.compose import levels, load_model, make_engine, weights_folder, weights_line
from muzero_engine.commands.common.flags import OF_SESSIONS, engine_flags
from muzero_engine.commands.common.positions import BadSetup, game_of_data
from muzero_engine.commands.common.texts import FilledText
from muzero_engine.engine.imagination import ImaginedPly, imagine
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.strength import LEVEL_FIELDS
from muzero_engine.files import expanded
from muzero_engine.games.base import PlayedGame, Position
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.decoder import Decoder, load_decoder
from muzero_engine.inference.manifest import BadWeights
from muzero_engine.inference.session import OnnxModel
from muzero_engine.web.server import serve
from muzero_engine.web.tab import Parts

TOKEN = "[A-Za-z0-9_-]{8,100}"
OF_NO_USE = frozenset({"multipv", "level_settings", *LEVEL_FIELDS})


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8484, show_default=True, help="0: any that is free")
@click.option(
    "--host",
    type=FilledText(),
    default="127.0.0.1",
    show_default=True,
    help="Where to listen; others can reach 0.0.0.0",
)
@click.option("--token", metavar="TEXT", help="What addresses must hold  [made anew; none on loopback]")
@click.option("--no-browser", is_flag=True, help="Print the address only")
@engine_flags(leave_out=OF_SESSIONS | OF_NO_USE)
def web(port: int, host: str, token: str | None, no_browser: bool, options: EngineOptions) -> None:
    """Play and analyse on a board in the browser.

    \b
    Examples:
      muzero-engine web
      muzero-engine web --no-browser --port 0
    """
    if token is not None and not re.fullmatch(TOKEN, token):
        raise click.UsageError("--token takes 8 to 100 letters, digits, - and _")
    if options.weights:
        folder = expanded(options.weights)
        environment = read_manifest(folder).environment
        if environment is not None:
            raise BadWeights(
                f"the weights in {folder} are for {environment.spec.id}, no board game: muzero-engine watch shows it"
            )
    parts = Parts(make_engine, game_of_page, _imagination(), weights_line, levels, options)
    if not serve(parts, host, port, token, click.echo, browser=not no_browser):
        sys.stdout.flush()
        os._exit(0)  # nothing is to be saved


def game_of_page(data: bytes, game: str | None, number: int) -> PlayedGame:
    """Return `game_of_data`. Raises its errors, without words on flags, which pages have none of."""
    try:
        return game_of_data(data, game, number)
    except BadSetup as error:
        raise BadSetup(error.problem) from None


def _imagination() -> Callable[[Position, Sequence[int], EngineOptions], list[ImaginedPly]]:
    """Return `imagine` with a network for each game, which all tabs share, one at a time."""
    lock = threading.Lock()
    loaded: dict[str, tuple[OnnxModel, Decoder | None]] = {}

    def imagined(start: Position, actions: Sequence[int], options: EngineOptions) -> list[ImaginedPly]:
        game = start.spec.name
        with lock:
            if game not in loaded:
                loaded[game] = load_model(game, options), load_decoder(weights_folder(game, options))
            return imagine(*loaded[game], start, actions)

    return imagined
