"""GTP commands about the board: size, komi, rules, moves, handicap, records, score.

Scores and stone status after two passes are those of people: dead stones, as the network sees them, count for who
surrounds them. Before that, where the rules ask for Tromp-Taylor's counting, or where no network can say, every stone
on the board is alive.

`play` takes what the other side did even if the engine itself would not play it (ko, superko, suicide): refusing would
leave two boards that differ. Only an occupied point is illegal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from muzero_engine.arrays import Floats
from muzero_engine.files import text_bytes, write_atomically
from muzero_engine.games.base import BadPosition, IllegalMove, Shape
from muzero_engine.games.go.actions import vertex_text
from muzero_engine.games.go.handicap import fixed_handicap, free_handicap
from muzero_engine.games.go.rule_sets import Rules
from muzero_engine.games.go.rules import BLACK, DEFAULT_KOMI, WHITE, GoPosition
from muzero_engine.games.go.sgf import GoRecord, load_sgf, sgf_text
from muzero_engine.protocols.gtp.final_status import dead_stones, without
from muzero_engine.protocols.gtp.frame import (
    Args,
    GtpError,
    parse_colour,
    parse_int,
    parse_komi,
    parse_move,
    parse_point,
    want_args,
)

_STATUSES = ("alive", "dead", "seki", "black_territory", "white_territory", "dame")


class GtpBoard:
    """The game as the controller has set it up. `on_new_game` is called when another game begins; `ownership` returns
    whose the points of a position will be, float32[H, W] in its mover's view, None where that is not known."""

    def __init__(
        self,
        shape: Shape,
        on_new_game: Callable[[], None],
        ownership: Callable[[GoPosition], Floats | None],
        *,
        komi: float = DEFAULT_KOMI,
    ) -> None:
        if 2.0 * komi % 1.0:
            raise BadPosition(f"komi must be a whole or a half number, not {komi:g}")
        self._on_new_game = on_new_game
        self._ownership = ownership
        self.komi = komi  # as the controller set it, without points for handicap
        self.rules = Rules()
        self.position = GoPosition(shape, komi=self.komi)
        commands: dict[str, Callable[[Args], str]] = {
            "boardsize": self._boardsize,
            "rectangular_boardsize": self._boardsize,
            "clear_board": self._clear_board,
            "set_position": self._set_position,
            "komi": self._komi,
            "get_komi": lambda _: f"{self.komi:.10g}",
            "play": self._play,
            "undo": self._undo,
            "fixed_handicap": self._fixed_handicap,
            "place_free_handicap": self._place_free_handicap,
            "set_free_handicap": self._set_free_handicap,
            "kata-get-rules": lambda _: self.rules.to_json(),
            "kata-set-rules": self._set_rules,
            "kata-set-rule": self._set_rule,
            "kgs-rules": self._set_rules,
            "final_score": self._final_score,
            "final_status_list": self._final_status_list,
            "showboard": self._showboard,
            "loadsgf": self._loadsgf,
            "printsgf": self._printsgf,
            "gogui-setup": self._gogui_setup,
            "gogui-play_sequence": self._gogui_play_sequence,
        }
        self.commands = {name: self._all_or_nothing(command) for name, command in commands.items()}

    def _all_or_nothing(self, command: Callable[[Args], str]) -> Callable[[Args], str]:
        """Return a command that leaves everything as it was where it is refused."""

        def run(args: Args) -> str:
            before = self.komi, self.rules, self.position.copy()
            try:
                return command(args)
            except ValueError:
                self.komi, self.rules, self.position = before
                raise

        return run

    def final_score(self) -> str:
        """Return the score of the board as it stands: "B+3.5", "W+12.5" or "0"."""
        score = without(self.position, self._dead()).score()
        return "0" if score == 0 else f"{'B' if score > 0 else 'W'}+{abs(score):.1f}"

    def _dead(self) -> list[int]:
        """Return the squares of dead stones.

        There are none where all count as alive: by the rules, and before the game is over.
        """
        if not self.rules.friendly_pass_ok or self.position.outcome() is None:
            return []
        owned = self._ownership(self.position.copy())
        return [] if owned is None else dead_stones(self.position, owned)

    def vertices(self, actions: Iterable[int]) -> str:
        """Return the vertices with spaces between them."""
        return " ".join(vertex_text(action, self.position.shape) for action in actions)

    def _start(self, position: GoPosition) -> None:
        self.position = position
        self._update_komi()
        self._on_new_game()

    def _update_komi(self) -> None:
        self.position.set_komi(self.komi + self.rules.handicap_bonus(self.position.handicap))

    def _boardsize(self, args: Args) -> str:
        """Answer `boardsize N`, `boardsize COLUMNS ROWS` and `boardsize COLUMNS:ROWS`."""
        want_args(args, 1, "boardsize size")
        sizes = args[0].split(":") if ":" in args[0] else list(args[:2])
        columns, rows = parse_int(sizes[0], "the board size"), parse_int(sizes[-1], "the board size")
        try:
            position = GoPosition((rows, columns))
        except BadPosition:
            raise GtpError("unacceptable size") from None
        self._start(position)
        return ""

    def _clear_board(self, _args: Args) -> str:
        self._start(GoPosition(self.position.shape))
        return ""

    def _set_position(self, args: Args) -> str:
        """Answer `set_position [colour vertex]...`: these stones, no history, black to move."""
        black, white = self._stones(args)
        self._start(GoPosition(self.position.shape, black=black, white=white))
        return ""

    def _komi(self, args: Args) -> str:
        want_args(args, 1, "komi points")
        self.komi = parse_komi(args[0])
        self._update_komi()
        return ""

    def _play(self, args: Args) -> str:
        want_args(args, 2, "play colour vertex")
        colour = parse_colour(args[0])
        if args[1].lower() != "resign":
            self._play_move(colour, args[1])
        return ""

    def _play_move(self, colour: int, vertex: str) -> None:
        action = parse_move(vertex, self.position.shape)
        try:
            self.position.play_any(action, colour)
        except IllegalMove:
            raise GtpError("illegal move") from None
        self._update_komi()  # black's first moves in a row are handicap stones

    def _undo(self, _args: Args) -> str:
        if self.position.ply == 0:
            raise GtpError("cannot undo")
        self.position.pop()
        self._update_komi()
        return ""

    def _fixed_handicap(self, args: Args) -> str:
        want_args(args, 1, "fixed_handicap stones")
        return self._place(fixed_handicap(parse_int(args[0], "the handicap"), self.position.shape))

    def _place_free_handicap(self, args: Args) -> str:
        want_args(args, 1, "place_free_handicap stones")
        return self._place(free_handicap(parse_int(args[0], "the handicap"), self.position.shape))

    def _set_free_handicap(self, args: Args) -> str:
        want_args(args, 2, "set_free_handicap vertex vertex...")
        self._place([parse_point(vertex, self.position.shape) for vertex in args])
        return ""

    def _place(self, squares: list[int]) -> str:
        self.position.place_handicap(squares)
        self._update_komi()
        return self.vertices(squares)

    def _set_rules(self, args: Args) -> str:
        want_args(args, 1, "kata-set-rules name or JSON")
        self.rules = Rules.parse(" ".join(args))
        self._update_komi()
        return ""

    def _set_rule(self, args: Args) -> str:
        want_args(args, 2, "kata-set-rule rule value")
        self.rules = self.rules.with_field(args[0], args[1])
        self._update_komi()
        return ""

    def _final_score(self, _args: Args) -> str:
        return self.final_score()

    def _final_status_list(self, args: Args) -> str:
        want_args(args, 1, "final_status_list status")
        status = args[0].lower()
        if status not in _STATUSES:
            raise GtpError(f"unknown status {args[0]!r:.20}: use {', '.join(_STATUSES)}")
        if status == "seki":
            return ""
        dead = self._dead()
        if status == "dead":
            return self.vertices(dead)
        left = without(self.position, dead)
        stones = sorted(left.stones(BLACK) + left.stones(WHITE))
        if status == "alive":
            return self.vertices(stones)
        owner = {"black_territory": 1, "white_territory": -1, "dame": 0}[status]
        area = left.area().reshape(-1)
        taken = {*stones, *dead}
        return self.vertices(point for point in range(area.size) if area[point] == owner and point not in taken)

    def _showboard(self, _args: Args) -> str:
        bonus = self.rules.handicap_bonus(self.position.handicap)
        words = f"\n{bonus} points of the komi are for handicap" if bonus else ""
        return f"\n{self.position.board_text()}{words}"

    def _loadsgf(self, args: Args) -> str:
        """Answer `loadsgf file [move_number]`: the game up to the move before that number, with its komi and its rules
        where they are known."""
        want_args(args, 1, "loadsgf file [move_number]")
        before_move = None
        if len(args) > 1 and args[-1].isdecimal() and not os.path.exists(" ".join(args)):
            before_move = parse_int(args[-1], "the move number")
            args = args[:-1]
        try:
            record = load_sgf(" ".join(args))
            position = record.position(before_move, komi=self.komi)
        except BadPosition as error:
            raise GtpError(f"cannot load file: {error}") from None
        for warning in record.warnings:
            print(warning, file=sys.stderr)
        self.komi = self.komi if record.komi is None else record.komi
        self.rules = record.rule_set or self.rules
        self._start(position)
        return ""

    def _printsgf(self, args: Args) -> str:
        """Answer `printsgf [file]`: the game so far, into a file or into the response; komi as `loadsgf` takes it."""
        over = self.position.outcome() is not None
        record = GoRecord.of(self.position, result=self.final_score() if over else "")
        text = sgf_text(replace(record, komi=self.komi, rules=self.rules.sgf_name(self.position.handicap)))
        if not args or args == ("-",):
            return text
        path = Path(" ".join(args))
        if os.path.lexists(path) and (path.is_symlink() or not path.is_file()):
            raise GtpError("cannot write file: what is there is no ordinary file")
        try:
            write_atomically(path, text_bytes(text))
        except OSError as error:
            raise GtpError(f"cannot write file: {error.strerror or error}") from None
        return ""

    def _gogui_setup(self, args: Args) -> str:
        """Answer `gogui-setup [colour vertex]...`: add stones to a board without moves."""
        if self.position.ply:
            raise GtpError("stones can only be set up on a board without moves")
        black, white = self._stones(args)
        placed = self.position
        placed.set_up([*placed.stones(BLACK), *black], [*placed.stones(WHITE), *white], placed.mover)
        self._update_komi()
        return ""

    def _gogui_play_sequence(self, args: Args) -> str:
        """Answer `gogui-play_sequence [colour vertex]...`: all of the moves, or none if one is illegal."""
        for colour, vertex in _pairs(args):
            self._play_move(parse_colour(colour), vertex)
        return ""

    def _stones(self, args: Args) -> tuple[list[int], list[int]]:
        stones: tuple[list[int], list[int]] = ([], [])
        for colour, vertex in _pairs(args):
            stones[parse_colour(colour)].append(parse_point(vertex, self.position.shape))
        return stones


def _pairs(args: Args) -> list[tuple[str, str]]:
    if len(args) % 2:
        raise GtpError("colours and vertices must come in pairs")
    return list(zip(args[::2], args[1::2], strict=True))
