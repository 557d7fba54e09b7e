"""The flags of `match`, and what is done with them."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import click

from muzero_engine.commands.common.flags import command_flags, is_written
from muzero_engine.commands.common.games import GAMES, GameName
from muzero_engine.commands.common.help import expert_option, help_all_option
from muzero_engine.commands.common.numbers import FiniteNumber, KomiNumber
from muzero_engine.commands.common.texts import FilledPath, FilledText
from muzero_engine.commands.common.times import said_where_slow
from muzero_engine.commands.match.flags import Flags, networks_of, refuse_other_network
from muzero_engine.commands.match.run import MatchRun
from muzero_engine.games.base import EngineProtocol
from muzero_engine.games.registry import load_game
from muzero_engine.match.play.runner import Runner
from muzero_engine.match.play.schedule import schedule
from muzero_engine.match.records.verify import verify
from muzero_engine.match.results.statistics import EloModel
from muzero_engine.match.settings.match_settings import BadMatch, MatchFormat, Scoring

MOST_PAIRS = 1_000_000
PARTNERS = {  # of flags that have an effect beside another one alone
    "opening_plies": "openings_file",
    "win_score": "win_moves",
    "draw_score": "draw_moves",
    "draw_after": "draw_moves",
    "sprt_error": "sprt_bounds",
    "sprt_model": "sprt_bounds",
}


def _verify(context: click.Context, _option: click.Parameter, folder: Path | None) -> None:
    """Check a folder, in the place of the command; exit with 1 if something is wrong."""
    if folder is None:
        return
    verification = verify(folder)
    click.echo(f"{folder}: {verification.summary()}")
    for line, text in verification.problems:
        click.echo(f"  line {line}: {text}" if line else f"  {text}")
    context.exit(1 if verification.problems else 0)


def _refuse_alone() -> None:
    """Refuse flags that have no effect without another one, where that was not given. Raises BadMatch."""
    context, names = click.get_current_context(), command_flags()
    for flag, partner in PARTNERS.items():
        if is_written(flag) and not context.params[partner]:
            raise BadMatch(f"{names[flag]} has an effect only with {names[partner]}")
    game = context.params["game"]
    if is_written("scoring") and load_game(game).protocol is not EngineProtocol.GTP:
        raise BadMatch(f"engines of {game} cannot be asked who has won: leave --scoring out")


@click.command()
@click.option("--game", type=GameName(), required=True, help=GAMES)
@click.option("--engine", "-e", "engine_texts", multiple=True, metavar="TEXT", help="An engine; two or more")
@click.option("--engines", "engines_file", type=FilledPath(), metavar="FILE", help="TOML file of engines")
@click.option("--tc", type=FilledText(), metavar="TEXT", help="60+0.6, 40/60, movetime=0.5, nodes=800 ...")
@click.option(
    "--format",
    "match_format",
    type=click.Choice([it.value for it in MatchFormat]),
    metavar="FORMAT",
    default=MatchFormat.ROUND_ROBIN.value,
    help="round-robin, or gauntlet: the first against all others",
)
@click.option(
    "--pairs", type=click.IntRange(1, MOST_PAIRS), metavar="N", default=10, help="Openings of any two, each twice  [10]"
)
@click.option("--concurrency", type=click.IntRange(1, 1024), metavar="N", default=1, help="Games at the same time  [1]")
@click.option("--out", type=FilledPath(folder=True), metavar="FOLDER", help="Folder  [matches/GAME-DATE-TIME]")
@click.option("--resume", is_flag=True, help="Go on with the match of --out")
@click.option(
    "--openings",
    "openings_file",
    type=FilledPath(),
    metavar="FILE",
    help="File of games or positions",
)
@expert_option("--opening-plies", type=click.IntRange(min=1), help="Moves of an opening at most")
@expert_option("--random-plies", type=click.IntRange(min=0), help="Without a file: random moves  [the game's own]")
@expert_option("--balance", type=FiniteNumber(0.0, 1.0), help="Random openings that our value calls so even only")
@expert_option("--seed", type=click.IntRange(min=0), default=0, help="Of openings and their order  [0]")
@click.option("--size", type=click.IntRange(2, 19), metavar="N", help="Lines of the board  [9]")
@click.option("--komi", type=KomiNumber(), metavar="N", help="Komi, where the game has it  [7.5]")
@expert_option(
    "--scoring",
    type=click.Choice([it.value for it in Scoring]),
    default=Scoring.TROMP_TAYLOR.value,
    help="How a board is counted, where it is",
)
@expert_option("--win-score", type=FiniteNumber(min=0.0), default=1000.0, help="Adjudicate wins: centipawns  [1000]")
@expert_option(
    "--win-moves", type=click.IntRange(0, 10**6), default=0, help="... for so many moves of both  [0: never]"
)
@expert_option("--draw-score", type=FiniteNumber(min=0.0), default=8.0, help="Adjudicate draws: centipawns  [8]")
@expert_option(
    "--draw-moves", type=click.IntRange(0, 10**6), default=0, help="... for so many moves of both  [0: never]"
)
@expert_option("--draw-after", type=click.IntRange(min=0), default=40, help="... not before this move  [40]")
@expert_option("--max-plies", type=click.IntRange(min=1), help="Cap on a game  [the game's own]")
@expert_option("--patience", type=FiniteNumber(min=0.1), default=60.0, help="Seconds to get ready in  [60]")
@click.option(
    "--sprt", "sprt_bounds", nargs=2, type=FiniteNumber(), metavar="ELO0 ELO1", help="Stop when this test is decided"
)
@expert_option(
    "--sprt-error",
    type=FiniteNumber(0.0, 0.5, min_open=True, max_open=True),
    default=0.05,
    help="Its alpha and beta  [0.05]",
)
@expert_option(
    "--sprt-model",
    type=click.Choice([it.value for it in EloModel]),
    default=EloModel.NORMALISED.value,
    help="Unit of its bounds  [normalised]",
)
@expert_option("--anchor", "anchors", multiple=True, metavar="NAME=ELO", help="Hold a rating  [the first engine at 0]")
@expert_option("--every", type=click.IntRange(min=0), default=10, help="Games between two tables; 0: none  [10]")
@click.option("--quiet", "-q", is_flag=True, help="Tables only, no line for each game")
@click.option(
    "--verify",
    type=FilledPath(),
    is_eager=True,
    expose_value=False,
    callback=_verify,
    metavar="FOLDER",
    help="Only check the games of a folder",
)
@help_all_option
def match(**arguments: Any) -> None:
    """Let engines play each other, and rate them.

    An engine is a command line, a name from the file of --engines, `muzero` or `random`. Settings come before it, as in
    "name=A tc=60+0.6 option.Threads=1 weights=FOLDER muzero". Every opening is played twice, with sides exchanged. The
    folder holds all games, what they say about strength (report.html), and what --resume needs.

    \b
    Examples:
      muzero-engine match --game chess -e muzero -e stockfish --tc 10+0.1
      muzero-engine match --game go -e "weights=new muzero" -e muzero --pairs 50
    """
    _refuse_alone()
    flags = Flags(**arguments)
    settings = flags.match_settings()
    sprt = flags.sprt(settings)
    anchors = flags.held_ratings(settings)
    with said_where_slow(f"openings of {flags.pairs:,} pairs are looked for"):
        plans = list(schedule(settings, flags.openings(settings)))
    engines = {engine.name: engine for engine in settings.engines}
    networks = networks_of(settings)
    note, check = partial(click.echo, err=True), partial(refuse_other_network, settings, networks)
    with closing(Runner(engines, settings.game, concurrency=settings.concurrency, note=note, check=check)) as runner:
        if flags.resume:
            store = flags.resumed(settings, plans, runner, networks)
        else:
            store = flags.created(settings, runner, networks)
        MatchRun(settings, runner, store, plans, sprt, anchors, every=flags.every, quiet=flags.quiet).play()
