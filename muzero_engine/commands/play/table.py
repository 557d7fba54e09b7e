"""One game between people and the engine."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from muzero_engine.commands.common.board import draw, sign_of
from muzero_engine.commands.common.compose import think
from muzero_engine.commands.common.style import terminal_width
from muzero_engine.commands.play.console import Console
from muzero_engine.commands.play.keeping import CannotSave, save, save_anew
from muzero_engine.engine.engine import Engine
from muzero_engine.engine.limits import Limits
from muzero_engine.engine.report import SearchInfo, SearchResult
from muzero_engine.engine.strength import at_full_strength
from muzero_engine.files import expanded
from muzero_engine.games.base import IllegalMove, Position, Scored
from muzero_engine.games.record import Ending
from muzero_engine.games.registry import game_of
from muzero_engine.games.written_games import default_name, game_record, played_moves, written_suffixes
from muzero_engine.games.written_moves import line_texts, move_text, read_move

HINT_MOVES = 6
ENGINE, PERSON = "MuZero Engine", "Player"
LEAVE = ("quit", "exit", "bye")


@dataclass(frozen=True, slots=True)
class GameEnd:
    """How a game ended. `winner` is a player (0, 1) or None for a draw."""

    winner: int | None
    ending: Ending
    reason: str


class Table:
    """A game at a console. `people` are the players (0, 1) that people play."""

    def __init__(
        self,
        engine: Engine,
        position: Position,
        people: frozenset[int],
        limits: Limits,
        console: Console,
        *,
        hints: Limits,
        show_value: bool,
    ) -> None:
        self._engine = engine
        self._start = position.copy()
        self._position = position
        self._began = time.time()
        self._game = game_of(position)
        self._people = people
        self._limits = limits
        self._hint_limits = hints
        self._console = console
        self._say = console.say
        self._show_value = show_value
        self._turned = people == {1}
        self._end: GameEnd | None = None
        self._saved_as: Path | None = None
        self._saved: tuple[list[int], GameEnd | None] | None = None  # moves and end of this game in a file
        self._commands: dict[str, tuple[Callable[[str], None], str]] = {
            "help": (self._help, "show this"),
            "undo": (self._undo, "take your last move back"),
            "hint": (self._hint, "what the engine would play for you"),
            "board": (self._board_again, "show the board again"),
            "flip": (self._flip, "turn the board around"),
            "moves": (self._moves, "the moves so far"),
            "fen": (self._text, "the position as text (so do sfen and position)"),
            "score": (self._score, "who is ahead, where the board is counted"),
            "save": (self._save, f"save FILE: write the game ({', '.join(written_suffixes(self._game))})"),
            "new": (self._new, "begin another game"),
            "resign": (self._resign, "give the game up"),
            "declare": (self._declare, "win by declaration, where the rules allow it"),
            "quit": (self._help, "leave (so do Ctrl-C and the end of input)"),
        }
        self._synonyms = {"?": "help", "sfen": "fen", "position": "fen"}
        console.complete(self._words)

    def run(self) -> None:
        """Play until the person leaves or the input ends. A game that anything else ends is written into a file."""
        try:
            with suppress(KeyboardInterrupt):  # whenever it comes but for a search, it leaves
                self._play_on()
            self._offer_to_save()
            if self._end is None or self._console.terminal:
                self._say("bye")
        except BaseException:
            if self._would_be_lost():
                self._save("")
            raise

    def _play_on(self) -> None:
        """Play until the person leaves or the input ends. Raises KeyboardInterrupt."""
        self._show_board()
        while True:
            if self._end is None and (outcome := self._position.outcome()) is not None:
                self._finish(GameEnd(outcome.winner, Ending.RULES, outcome.reason))
            if self._end is None and self._position.mover not in self._people:
                self._reply()
                continue
            line = self._console.line()
            if line is None or line.lower() in LEAVE:
                return
            if line:
                self._take(line)

    def _take(self, line: str) -> None:
        word, _, argument = line.partition(" ")
        name = self._synonyms.get(word.lower(), word.lower())
        if name in self._commands and (not argument or name == "save"):
            self._commands[name][0](argument.strip())
        elif self._end is not None:
            self._say("the game is over: undo, new, save FILE or quit")
        else:
            self._play(line)

    def _play(self, line: str) -> None:
        try:
            action = read_move(self._position, line)
        except IllegalMove as error:
            self._say(f"{error} ('help' for help)")
            return
        self._position.push(action)
        if len(self._people) == 2 or self._position.outcome() is not None:
            self._show_board()

    # -- the engine --------------------------------------------------------------------------------------------------

    def _reply(self) -> None:
        """Play the engine's turn."""
        result = self._think(self._limits)
        if result.declare_win:
            self._finish(GameEnd(self._position.mover, Ending.DECLARATION, "declaration"))
        elif result.resign or result.action is None:
            self._finish(GameEnd(1 - self._position.mover, Ending.RESIGNATION, "resignation"))
        else:
            text = self._move_text(self._position, result.action)
            self._say(f"the engine plays {text}{self._value(result) if self._show_value else ''}")
            self._position.push(result.action)
            self._show_board()

    def _think(self, limits: Limits) -> SearchResult:
        """Search with signs of life; Enter and Ctrl-C end it early."""
        position = self._position.copy()  # for the thread that reports
        begun = time.monotonic()
        latest: list[str] = [""]

        def on_info(info: SearchInfo) -> None:
            if info.moves:
                win, draw_, _ = info.moves[0].wdl
                line = self._line_text(position, info.moves[0].pv)
                latest[0] = f", {100 * (win + draw_ / 2):.0f}% {line}"

        def status() -> str:
            return f"thinking {time.monotonic() - begun:.0f} s (Enter: move now){latest[0]}"

        return think(
            self._engine,
            self._position,
            limits,
            on_info=on_info if self._console.terminal else None,
            wait=lambda done: self._console.wait(done, status, self._engine.stop),
        )

    def _value(self, result: SearchResult) -> str:
        win, draw_, loss = (100.0 * share for share in result.info.moves[0].wdl)
        return f"  (win {win:.0f}%, draw {draw_:.0f}%, loss {loss:.0f}%; {result.info.nodes} nodes)"

    # -- the end -----------------------------------------------------------------------------------------------------

    def _finish(self, end: GameEnd) -> None:
        self._end = end
        self._say(self._result(end))
        if not self._console.terminal:
            return
        counted = end.ending is Ending.RULES and isinstance(self._position, Scored)
        if counted and len(self._position.legal_actions()):  # both sides chose to end it
            self._say("Everything on the board was taken for alive: undo, and capture what is not.")
        if self._position.ply:
            self._say("Write save FILE to keep the game, undo to take a move back, new for another, or quit.")

    def _result(self, end: GameEnd) -> str:
        if end.winner is None:
            return f"a draw: {end.reason}"
        points = ""
        if end.ending is Ending.RULES and isinstance(self._position, Scored):
            points = f" by {abs(self._position.score()):g}"
        return f"{self._position.spec.players[end.winner]} wins{points}: {end.reason}"

    def _would_be_lost(self) -> bool:
        """Return whether there are moves of a person at a terminal, or how they ended, that no file holds."""
        return self._console.terminal and bool(self._position.ply) and self._saved != (self._actions(), self._end)

    def _offer_to_save(self) -> None:
        """Ask for a file's name as long as moves would be lost; save them where the input ends without an answer."""
        name: str | None = "?"
        while self._would_be_lost() and name is not None:
            default = default_name(self._game)
            question = f"Save the game? A file's name, y for {default}, or Enter for no: "
            try:
                name = self._console.line(question)
            except KeyboardInterrupt:
                return
            if name is not None and name.lower() in ("", "n", "no"):
                return
            if name is None or name.lower() in ("y", "yes"):
                self._write(Path(default), numbered=True)
            else:
                self._save(name)

    # -- commands ----------------------------------------------------------------------------------------------------

    def _show_board(self) -> None:
        self._say(f"\n{self._board_text()}\n")

    def _board_text(self) -> str:
        """Return the board, and below it the number of the move, who is to move, check and the last move."""
        position = self._position
        if self._game.board_view is None:
            return position.board_text()
        view, style, players = self._game.board_view(position), self._console.style, position.spec.players
        sign = sign_of(view, position.mover, style)
        parts = [f"move {view.move_number}, {players[position.mover]}{f' {sign}' if sign else ''} to move"]
        if position.outcome() is not None:
            parts.clear()
        elif view.checked is not None:
            parts.append("in check")
        if (last := self._last_move()) is not None:
            parts.append(f"last move {last}")
        board = draw(view, style, players, turned=self._turned and view.turns)
        return "\n".join(filter(None, [board, view.facts, "; ".join(parts)]))

    def _last_move(self) -> str | None:
        if not self._position.ply:
            return None
        before = self._position.copy()
        action = before.pop()
        return self._move_text(before, action)

    def _move_text(self, position: Position, action: int) -> str:
        return move_text(position, action, kanji=self._console.style.kanji)

    def _line_text(self, position: Position, actions: tuple[int, ...]) -> str:
        """Return the first moves of a line."""
        return " ".join(line_texts(position, actions[:HINT_MOVES], kanji=self._console.style.kanji)[1])

    def _actions(self) -> list[int]:
        return played_moves(self._position)[1]

    def _words(self) -> list[str]:
        """Return what may be written here: commands and moves."""
        moves = [] if self._end else [move_text(self._position, a) for a in self._position.legal_actions().tolist()]
        return [*self._commands, *moves]

    def _help(self, _argument: str) -> None:
        example = self._game.notation.move_example
        if not example:
            start = self._game.initial(self._position.shape)  # where there are moves
            example = start.action_text(int(start.legal_actions()[0]))
        rows = [("a move", example)]
        for name, (_, text) in self._commands.items():
            if (name == "declare" and not self._game.declarations) or (
                name == "score" and not isinstance(self._position, Scored)
            ):
                continue
            rows.append((name, text))
        self._say("\n".join(f"{name:8} {text}" for name, text in rows))
        if self._console.terminal:
            self._say("While the engine thinks, Enter or Ctrl-C makes it move.")

    def _undo(self, _argument: str) -> None:
        resigned = self._end is not None and self._end.ending is not Ending.RULES
        if resigned and self._position.mover in self._people:
            self._end = None  # a person's resignation is taken back alone
            self._show_board()
            return
        earlier = self._position.copy()
        while earlier.ply:
            earlier.pop()
            if earlier.mover in self._people:
                self._position, self._end = earlier, None
                self._show_board()
                return
        self._say("there is no move of yours to take back")

    def _hint(self, _argument: str) -> None:
        if self._end is not None:
            self._say("the game is over")
            return
        options = self._engine.options
        self._engine.configure(replace(at_full_strength(options), human_time=False, temperature=0.0))
        try:
            result = self._think(self._hint_limits)
        finally:
            self._engine.configure(options)
        line = self._line_text(self._position, result.info.moves[0].pv)
        self._say(f"hint: {line}{self._value(result)}")

    def _board_again(self, _argument: str) -> None:
        self._show_board()

    def _flip(self, _argument: str) -> None:
        self._turned = not self._turned
        self._show_board()

    def _moves(self, _argument: str) -> None:
        first, actions = played_moves(self._position)
        words, number = [], 0
        for action in actions:
            move_number = first.ply + 1 if self._game.board_view is None else self._game.board_view(first).move_number
            text = self._move_text(first, action)
            words.append(text if move_number == number else f"{move_number}. {text}")
            number = move_number
            first.push(action)
        self._say(textwrap.fill(" ".join(words), min(terminal_width(), 100)) if words else "no move was played")

    def _text(self, _argument: str) -> None:
        self._say(self._position.text())

    def _score(self, _argument: str) -> None:
        if not isinstance(self._position, Scored):
            self._say("the board of this game is not counted")
            return
        score = self._position.score()
        players = self._position.spec.players
        ahead = f"{players[0 if score > 0 else 1]} is ahead by {abs(score):g}" if score else "both sides are equal"
        self._say(f"{ahead}, everything on the board taken for alive")

    def _save(self, argument: str) -> None:
        if not self._position.ply:
            self._say("there is no move to save")
            return
        if argument:
            self._write(expanded(argument.strip("\"'")))
        else:
            self._write(Path(default_name(self._game)), numbered=True)

    def _write(self, path: Path, *, numbered: bool = False) -> None:
        """Write the game into a file; `numbered`: with a number behind the name where it is taken."""
        end = self._end or GameEnd(None, Ending.UNFINISHED, "unfinished")
        record = game_record(self._position, self._names(), end.winner, end.ending, end.reason, began=self._began)
        try:
            if numbered:
                path = save_anew(path, self._game, record)
            else:
                save(path, self._game, record, replace=path == self._saved_as)
        except CannotSave as error:
            self._say(str(error))
            return
        self._saved_as, self._saved = path, (self._actions(), self._end)
        self._say(f"saved as {path}")

    def _names(self) -> tuple[str, str]:
        """Return what both players are called in a file."""
        if len(self._people) == 2:
            first, second = self._position.spec.players
            return first.capitalize(), second.capitalize()
        return (PERSON, ENGINE) if 0 in self._people else (ENGINE, PERSON)

    def _new(self, _argument: str) -> None:
        self._offer_to_save()
        self._engine.new_game()
        self._position, self._end, self._saved_as, self._saved = self._start.copy(), None, None, None
        self._began = time.time()
        self._show_board()

    def _resign(self, _argument: str) -> None:
        if self._end is not None:
            self._say("the game is over")
        else:
            self._finish(GameEnd(1 - self._position.mover, Ending.RESIGNATION, "resignation"))

    def _declare(self, _argument: str) -> None:
        if self._end is None and self._position.can_declare_win():
            self._finish(GameEnd(self._position.mover, Ending.DECLARATION, "declaration"))
        else:
            self._say("a win cannot be declared here")
