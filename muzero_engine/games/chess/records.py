"""Chess in files: PGN (read by `games.chess.pgn`), and positions of FEN and EPD, one a line.

Written PGN has `[%clk]`, `[%emt]` and `[%eval]` as GUIs read them, and the rest in words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import chess

from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordedGame, RecordFormat
from muzero_engine.games.chess.pgn import read_pgn, split_pgn
from muzero_engine.games.chess.rules import ChessPosition, position_from_fen
from muzero_engine.games.lines import SUFFIXES, split_line, split_lines, uncommented
from muzero_engine.games.record import Ending, GameRecord, Score, ScoreKind
from muzero_engine.games.record_files import BadRecordedMove, refuse_long
from muzero_engine.games.record_text import comment, ending_text, local_start, recorded_score, with_movers
from muzero_engine.games.written_moves import RESULTS, bare_move, read_move

if TYPE_CHECKING:
    import chess.engine
    import chess.pgn  # imported where a game is written: it brings asyncio, which a session does not need

# PGN's own words for its tag Termination
_TERMINATIONS = {
    Ending.ADJUDICATION: "adjudication",
    Ending.PLY_CAP: "adjudication",
    Ending.TIME_LOSS: "time forfeit",
    Ending.ILLEGAL_MOVE: "rules infraction",
    Ending.WRONG_REPLY: "rules infraction",
    Ending.CRASH: "emergency",
    Ending.HANG: "emergency",
    Ending.FORFEIT: "abandoned",
    Ending.UNFINISHED: "unterminated",
}
_RESULTS = {1.0: "1-0", 0.5: "1/2-1/2", 0.0: "0-1"}
_COUNTERS = re.compile(r"(?:([0-9]+)(?=\s|;|$)\s*(?:([0-9]+)(?=\s|;|$)\s*)?)?;?")
_OPERATION = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*+"?)+')


# Reading


def read_line(line: str, initial: Position) -> RecordedGame:
    """Return a FEN or EPD, `startpos` or nothing, and moves after it, of the protocol or in SAN; `id "name";` of an EPD
    names it. Raises BadPosition."""
    words = [word for word in uncommented(line.split()) if bare_move(word)]
    if words and _is_move(words[0], initial):
        return RecordedGame(None, _protocol_moves(words, initial))
    if "moves" in re.split('[;"]', line, maxsplit=1)[0].split():
        text, moves = split_line(line)
        start = initial if text is None else position_from_fen(text)
        return RecordedGame(None if text is None else start.text(), _protocol_moves(moves, start))
    text, _ = split_line(line)
    if text is None:
        return RecordedGame()
    fields = text.split(maxsplit=4)
    if len(fields) < 5:
        return RecordedGame(position_from_fen(text).text())
    counters = _COUNTERS.match(fields[4])
    assert counters is not None  # it matches everything
    operations = _operations(fields[4][counters.end() :])
    half_moves, number = operations.get("hmvc", counters[1] or "0"), operations.get("fmvn", counters[2] or "1")
    position = position_from_fen(" ".join([*fields[:4], half_moves, number]))
    return RecordedGame(
        position.text(), name=operations.get("id", ""), warnings=tuple(_illegal_advice(position, operations))
    )


def _is_move(word: str, position: Position) -> bool:
    try:
        read_move(position, word)
    except IllegalMove:
        return False
    return True


def _protocol_moves(words: Sequence[str], start: Position) -> tuple[str, ...]:
    """Return moves as the protocol has them; words may be their numbers, too, and a result at the end. Raises
    BadRecordedMove."""
    words = [word for word in words if bare_move(word)]
    if words and words[-1] in RESULTS:
        del words[-1]
    refuse_long(words)
    position, moves = start.copy(), list[str]()
    for number, word in enumerate(words, start=1):
        try:
            action = read_move(position, word)
        except IllegalMove as error:
            raise BadRecordedMove(number, str(error)) from None
        moves.append(position.action_text(action))
        position.push(action)
    return tuple(moves)


def _operations(text: str) -> dict[str, str]:
    """Return the operations of an EPD: what stands behind each opcode, without quotes. Raises BadPosition."""
    operations: dict[str, str] = {}
    for operation in filter(None, map(str.strip, _OPERATION.findall(text))):
        opcode, _, operand = operation.partition(" ")
        if not re.fullmatch(r"[A-Za-z]\w{0,14}", opcode):
            raise BadPosition(f"{operation[:20]!a} behind the position is no operation of EPD")
        operations.setdefault(opcode, re.sub(r"\\(.)", r"\1", operand.strip().removeprefix('"').removesuffix('"')))
    return operations


def _illegal_advice(position: ChessPosition, operations: dict[str, str]) -> Iterator[str]:
    """Yield a warning for every move that an EPD advises (`bm`) or warns of (`am`) and that cannot be played."""
    for opcode in ("bm", "am"):
        for move in re.split(r"[\s,]+", operations.get(opcode, "")):
            try:
                if move:
                    position.board.parse_san(move)
            except ValueError:
                yield f"{opcode} {move[:20]!a} cannot be played in {position.text()}"


# Writing

COLUMNS = 80
# What of a comment stays on one line: a command of GUIs, and what at the beginning of a line would be something else
_COMMENT_WORD = re.compile(r"\[%[^\]]*\]|\S+(?:\s+(?:%|\[(?!%))\S*)*")

_ESCAPED, _BACKSLASHED = re.compile(r'["\\]'), r"\\\g<0>"  # in the value of a tag (PGN standard, section 7)


def pgn_text(record: GameRecord, event: str) -> str:
    """Return the game and an empty line. Lines have 80 columns at most, but for tags, which have a line each."""
    import chess.pgn

    class Exporter(chess.pgn.StringExporter):
        def visit_header(self, name: str, value: str) -> None:  # python-chess's own leaves quotes as they are
            super().visit_header(name, _ESCAPED.sub(_BACKSLASHED, value))

        def visit_comment(self, comment: str) -> None:  # python-chess's own does not break comments
            for word in _COMMENT_WORD.findall(f"{{ {comment.replace('}', '').strip()} }}"):
                self.write_token(f"{word} ")
            self.force_movenumber = True

    board = position_from_fen(record.start).board
    game = chess.pgn.Game()
    game.headers["Event"] = event or "?"
    known = local_start(record)[:10].split("-") if record.started else []
    game.headers["Date"] = ".".join([*known, *("????", "??", "??")[len(known) :]])
    game.headers["Round"] = f"{record.pair + 1}.{record.game + 1}" if record.first_limit else "-"
    game.headers["White"] = record.first
    game.headers["Black"] = record.second
    game.headers["Result"] = _RESULTS[record.points] if record.ending.has_result else "*"
    if board.chess960 or record.start != chess.STARTING_FEN:
        game.setup(board)
    tags = {"Opening": record.opening, "WhiteTimeControl": record.first_limit, "BlackTimeControl": record.second_limit}
    for tag, value in tags.items():
        if value:
            game.headers[tag] = value
    if time := record.started[11:19]:
        game.headers["UTCDate"] = record.started[:10].replace("-", ".")
        game.headers["UTCTime"] = time
    game.headers["PlyCount"] = str(len(record.opening_moves) + len(record.moves))
    if record.ending not in (Ending.UNKNOWN, Ending.UNTOLD):
        game.headers["Termination"] = _TERMINATIONS.get(record.ending, "normal")
    node: chess.pgn.GameNode = game
    for player, text, ply in with_movers(record, 0 if board.turn else 1):
        node = node.add_main_variation(board.push_uci(text))
        if ply is None:
            continue
        node.comment = comment(ply, _score_text)
        if ply.clock_s is not None:
            node.set_clock(ply.clock_s)
        node.set_emt(ply.elapsed_s)
        if ply.score is not None and ply.score.kind is not ScoreKind.WIN_RATE:
            node.set_eval(_pov_score(ply.score, player), ply.depth)
    node.comment = f"{node.comment} {ending_text(record)}".strip()
    return f"{game.accept(Exporter(columns=COLUMNS))}\n\n"


def _score_text(score: Score) -> str:
    """Return a score as match programs write it in comments: pawns, or the plies to a mate, "-M10"."""
    if score.kind is not ScoreKind.MATE:
        return recorded_score(score)
    plies = 2 * score.value - 1 if score.value > 0 else -2 * score.value
    return f"{'+' if score.value > 0 else '-'}M{plies:.0f}"


def _pov_score(score: Score, player: int) -> chess.engine.PovScore:
    """Return what GUIs show of a position after a move of this player, of whom the score was before it."""
    import chess.engine

    colour = chess.WHITE if player == 0 else chess.BLACK
    value = int(score.value)
    relative: chess.engine.Score = chess.engine.Cp(value)
    if score.kind is ScoreKind.MATE:
        relative = chess.engine.Mate(value - 1 if value > 0 else value)
    return chess.engine.PovScore(relative, colour)


FORMATS = (
    RecordFormat(
        name="PGN",
        suffixes=(".pgn",),
        unit="game",
        split=split_pgn,
        read=read_pgn,
        encodings=("utf-8", "cp1252"),
        signature=re.compile(r"\A\s*(?:%.*+\s*+)*+(?:\[[A-Za-z]\w*\s*\"|1\s*\.)"),
        write=pgn_text,
        written_once=b'[Event "',
    ),
    RecordFormat(
        name="FEN and EPD", suffixes=(".epd", ".fen", *SUFFIXES), unit="line", split=split_lines, read=read_line
    ),
)
