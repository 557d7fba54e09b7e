"""`uct`: a Go engine that has learnt nothing, for matches and ladders."""

from __future__ import annotations

import random
import sys

import click

from muzero_engine.protocols.common.stdio import require_streams


@click.command()
@click.option("--playouts", type=click.IntRange(min=1), default=100, help="A move  [100]")
@click.option("--seed", type=int, help="Of its moves  [another one each time]")
def uct(playouts: int, seed: int | None) -> None:
    """Be a weak Go engine (GTP): plain UCT with random playouts.

    \b
    Examples:
      muzero-engine uct --playouts 1000
      muzero-engine match --game go -e muzero -e "tc=none muzero-engine uct"
    """
    from muzero_engine.protocols.gtp.uct_session import UctPlayer, serve_gtp

    require_streams()
    serve_gtp(sys.stdin, _answer, f"UCT {playouts}", UctPlayer(playouts, random.Random(seed)))


def _answer(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
