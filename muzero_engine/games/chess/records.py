"""Chess in files: PGN (Edwards 1994), and positions of FEN and EPD, one a line.

Written PGN has `[%clk]`, `[%emt]` and `[%eval]` as GUIs read them, and the rest in words.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import chess

from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordedGame, RecordEntry, RecordFormat
from muzero_engine.games.chess.rules import SHAPE, initial_position, position_from_fen
from muzero_engine.games.lines import SUFFIXES, split_line, split_lines
from muzero_engine.games.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.games.record_text import comment, ending_text, with_movers

if TYPE_CHECKING:
    import chess.engine
    import chess.pgn  # imported where a game is read or written: it brings asyncio, which a session does not need

# PGN's own words for its tag Termination
_TERMINATIONS = {
    Ending.ADJUDICATION: "adjudication",
    Ending.PLY_CAP: "adjudication",
    Ending.TIME_LOSS: "time forfeit",
    Ending.ILLEGAL_MOVE: "rules infraction",
    Ending.WRONG_REPLY: "rules infraction",
    Ending.CRASH: "emergency",
    Ending.HANG: "emergency",
}
_RESULTS = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}
_TAG = re.compile(r'\[[A-Za-z0-9_]+\s+"')


# Reading


def split_pgn(text: str) -> Iterator[RecordEntry]:
    """Yield the games of a PGN; one begins with the first tag after moves."""
    number = 0
    game: list[str] = []
    in_moves = False
    for line in text.splitlines(keepends=True):
        is_tag = _TAG.match(line) is not None
        if is_tag and in_moves:
            number += 1
            yield RecordEntry(number, "".join(game))
            game, in_moves = [], False
        in_moves = in_moves or (not is_tag and bool(line.strip()))
        game.append(line)
    if in_moves or any(_TAG.match(line) for line in game):
        yield RecordEntry(number + 1, "".join(game))


def read_pgn(text: str, _initial: Position) -> RecordedGame:
    """Return the main line of a game, from its FEN tag if it has one. Raises BadPosition."""
    import chess.pgn

    class Builder(chess.pgn.GameBuilder[chess.pgn.Game]):
        def handle_error(self, error: Exception) -> None:  # python-chess's own also logs it
            self.game.errors.append(error)

    record = chess.pgn.read_game(io.StringIO(text), Visitor=Builder)
    if record is None:
        raise BadPosition("there is no game in it")
    if record.errors:
        raise BadPosition(str(record.errors[0]))
    if record.headers.get("Variant", "Standard").lower() not in ("standard", "chess", "chess960", "fischerandom"):
        raise BadPosition(f"it is a game of {record.headers['Variant']!a:.40}, not of chess")
    board = record.board()
    at_start = board.fen() == chess.STARTING_FEN and not board.chess960
    position = initial_position(SHAPE) if at_start else position_from_fen(board.fen(), board.chess960)
    start = None if at_start else position.text()
    moves: list[str] = []
    for move in record.mainline_moves():
        try:
            action = position.parse_action(board.uci(move))
        except IllegalMove as error:  # a game that went on after its end
            raise BadPosition(f"move {len(moves) + 1}: {error}") from None
        moves.append(position.action_text(action))
        position.push(action)
        board.push(move)
    return RecordedGame(start, tuple(moves))


def read_line(line: str, _initial: Position) -> RecordedGame:
    """Return a FEN or EPD, or `startpos`, and moves after it; `id "name";` of an EPD names it. Raises BadPosition."""
    text, moves = split_line(line)
    if text is None:
        return RecordedGame(None, moves)
    words = text.split()
    operations: dict[str, object] = {}
    if len(words) < 5 or not words[4].isdigit():  # an EPD: four fields and operations
        try:
            board = chess.Board(None, chess960=True)
            operations = dict(board.set_epd(text))
        except (ValueError, IndexError) as error:
            raise BadPosition(f"cannot read the EPD: {error}") from None
        text = " ".join([*words[:4], str(board.halfmove_clock), str(board.fullmove_number)])
    name = operations.get("id")
    return RecordedGame(position_from_fen(text).text(), moves, name if isinstance(name, str) else "")


# Writing


def pgn_text(record: GameRecord, event: str) -> str:
    """The game and an empty line."""
    import chess.pgn

    board = position_from_fen(record.start).board
    game = chess.pgn.Game()
    game.headers["Event"] = event
    game.headers["Date"] = record.started[:10].replace("-", ".") or "????.??.??"
    game.headers["Round"] = f"{record.pair + 1}.{record.game + 1}"
    game.headers["White"] = record.first
    game.headers["Black"] = record.second
    game.headers["Result"] = _RESULTS[record.points]
    if board.chess960 or record.start != chess.STARTING_FEN:
        game.setup(board)
    game.headers["Opening"] = record.opening
    game.headers["WhiteTimeControl"] = record.first_limit
    game.headers["BlackTimeControl"] = record.second_limit
    game.headers["UTCDate"] = game.headers["Date"]
    game.headers["UTCTime"] = record.started[11:19] or "??:??:??"
    game.headers["PlyCount"] = str(len(record.opening_moves) + len(record.moves))
    game.headers["Termination"] = _TERMINATIONS.get(record.ending, "normal")
    node: chess.pgn.GameNode = game
    for player, text, ply in with_movers(record, 0 if board.turn else 1):
        node = node.add_main_variation(board.push_uci(text))
        if ply is None:
            continue
        node.comment = comment(ply)
        if ply.clock_s is not None:
            node.set_clock(ply.clock_s)
        node.set_emt(ply.elapsed_s)
        if ply.score is not None and ply.score.kind is not ScoreKind.WIN_RATE:
            node.set_eval(_pov_score(ply.score, player), ply.depth)
    node.comment = f"{node.comment} {ending_text(record)}".strip()
    return f"{game}\n\n"


def _pov_score(score: Score, player: int) -> chess.engine.PovScore:
    import chess.engine

    colour = chess.WHITE if player == 0 else chess.BLACK
    value = int(score.value)
    relative: chess.engine.Score = chess.engine.Cp(value)
    if score.kind is ScoreKind.MATE:
        relative = chess.engine.Mate(value)
    return chess.engine.PovScore(relative, colour)


FORMATS = (
    RecordFormat(
        name="PGN",
        suffixes=(".pgn",),
        unit="game",
        split=split_pgn,
        read=read_pgn,
        encodings=("utf-8", "cp1252"),
        signature=re.compile(r"\A\s*(?:%.*\s*)*(?:\[[A-Za-z]\w*\s*\"|1\s*\.)"),
        write=pgn_text,
        written_once=b'[Event "',
    ),
    RecordFormat(
        name="FEN and EPD", suffixes=(".epd", ".fen", *SUFFIXES), unit="line", split=split_lines, read=read_line
    ),
)
