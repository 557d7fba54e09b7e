"""`play`: a person against the engine on a board in the terminal. Input may as well come from a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import click

from muzero_engine.commands.common.compose import make_engine, think, weights_line
from muzero_engine.commands.common.flags import engine_flags
from muzero_engine.commands.common.games import GameName
from muzero_engine.commands.common.moves import line_texts, move_text, read_move
from muzero_engine.commands.common.positions import BadSetup, read_position, start_position
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.options import EngineOptions
from muzero_engine.engine.report import SearchResult
from muzero_engine.games.base import IllegalMove, Position
from muzero_engine.games.registry import BUILT_IN, game_of

HELP = """\
a move   {example}
undo     take your last move back
hint     what the engine would play for you
board    show the board again
resign   give the game up
quit     leave (so does the end of input)"""
DECLARE_HELP = "declare  win by declaration, where the rules allow it"
HINT_MOVES = 6


@click.command()
@click.argument("game", type=GameName(), default=BUILT_IN[0])
@click.option("--side", default="first", metavar="SIDE", help="Yours: first, second, both, or a player's name  [first]")
@click.option("--time", "seconds", type=click.FloatRange(min=0.0, min_open=True), help="Seconds a move  [1]")
@click.option("--nodes", type=click.IntRange(min=1), help="Simulations a move")
@click.option("--size", type=int, metavar="N", help="Lines of the board, where the game has several  [9]")
@click.option("--komi", type=float, metavar="N", help="Komi, where the game has it  [7.5]")
@click.option("--position", metavar="TEXT", help="Start from this FEN, SFEN, file of games, ...")
@click.option("--show-value", is_flag=True, help="Tell what the engine thinks of its move")
@engine_flags()
def play(
    game: str,
    side: str,
    seconds: float | None,
    nodes: int | None,
    size: int | None,
    komi: float | None,
    position: str | None,
    show_value: bool,
    options: EngineOptions,
) -> None:
    """Play a GAME against the engine.

    \b
    Examples:
      muzero-engine play go --size 9 --side white --time 2
      muzero-engine play chess --elo 1200
    """
    start = start_position(game, size, komi) if position is None else read_position(position, game)
    people = _people(side, start)
    if nodes is None and seconds is None:
        seconds = 1.0
    limits = Limits(nodes=nodes, move_time_ms=None if seconds is None else 1000.0 * seconds)
    engine = make_engine(game, options)
    try:
        engine.prepare(start.shape)
        click.echo(f"{weights_line(game, options)}. Write 'help' for help.")
        Table(engine, start, people, limits, click.echo, show_value=show_value).run(_input_lines())
    finally:
        engine.close()


def _people(side: str, start: Position) -> frozenset[int]:
    """The players (0, 1) that people play."""
    names = {"first": [0], "second": [1], "both": [0, 1]}
    names |= {name: [player] for player, name in enumerate(start.spec.players)}
    if side.lower() not in names:
        raise BadSetup(f"--side {side}: choose one of {', '.join(names)}")
    return frozenset(names[side.lower()])


def _input_lines() -> Iterator[str]:
    """Lines of standard input, asked for with a prompt where a person writes them."""
    while True:
        if sys.stdin.isatty():
            click.echo("> ", nl=False)
        line = sys.stdin.readline()
        if not line:
            return
        yield line.strip()


class Table:
    """One game at the terminal. `say` prints a line or several."""

    def __init__(
        self,
        engine: Engine,
        position: Position,
        people: frozenset[int],
        limits: Limits,
        say: Callable[[str], None],
        *,
        show_value: bool,
    ) -> None:
        self._engine = engine
        self._position = position
        self._people = people
        self._limits = limits
        self._say = say
        self._show_value = show_value
        self._commands: dict[str, Callable[[], None]] = {
            "help": self._help,
            "undo": self._undo,
            "hint": self._hint,
            "board": self._board,
            "resign": self._resign,
            "declare": self._declare,
        }
        self._over = False

    def run(self, lines: Iterator[str]) -> None:
        """Plays until the game, the person or the input ends."""
        self._board()
        while not self._over:
            outcome = self._position.outcome()
            if outcome is not None:
                self._end(outcome.winner, outcome.reason)
            elif self._position.mover not in self._people:
                self._reply()
            else:
                line = next(lines, "quit")
                if line == "quit":
                    self._say("bye")
                    return
                if line:
                    self._take(line)

    def _take(self, line: str) -> None:
        if line.lower() in self._commands:
            self._commands[line.lower()]()
            return
        try:
            self._position.push(read_move(self._position, line))
        except IllegalMove as error:
            self._say(f"{error} ('help' for help)")
            return
        if len(self._people) == 2 or self._position.outcome() is not None:
            self._board()

    def _reply(self) -> None:
        """The engine's turn."""
        result = self._think()
        if result.declare_win:
            self._end(self._position.mover, "declaration")
        elif result.resign or result.action is None:
            self._end(1 - self._position.mover, "resignation")
        else:
            text = move_text(self._position, result.action)
            self._say(f"the engine plays {text}{self._value(result) if self._show_value else ''}")
            self._position.push(result.action)
            self._board()

    def _think(self) -> SearchResult:
        return think(self._engine, self._position, self._limits)

    def _value(self, result: SearchResult) -> str:
        win, draw, loss = (100.0 * share for share in result.info.moves[0].wdl)
        return f"  (win {win:.0f}%, draw {draw:.0f}%, loss {loss:.0f}%; {result.info.nodes} nodes)"

    def _end(self, winner: int | None, reason: str) -> None:
        players = self._position.spec.players
        self._say(f"{'a draw' if winner is None else f'{players[winner]} wins'}: {reason}")
        self._over = True

    def _board(self) -> None:
        self._say(f"\n{self._position.board_text()}\n")

    def _help(self) -> None:
        game = game_of(self._position)
        example = game.notation.move_example or self._position.action_text(int(self._position.legal_actions()[0]))
        self._say(HELP.format(example=example))
        if game.declarations:
            self._say(DECLARE_HELP)

    def _undo(self) -> None:
        plies = 1 if len(self._people) == 2 else 2
        if self._position.ply < plies:
            self._say("there is no move of yours to take back")
            return
        for _ in range(plies):
            self._position.pop()
        self._board()

    def _hint(self) -> None:
        result = self._think()
        pv = result.info.moves[0].pv[:HINT_MOVES]
        self._say(f"hint: {' '.join(line_texts(self._position, pv)[1])}{self._value(result)}")

    def _resign(self) -> None:
        self._end(1 - self._position.mover, "resignation")

    def _declare(self) -> None:
        if self._position.can_declare_win():
            self._end(self._position.mover, "declaration")
        else:
            self._say("a win cannot be declared here")
