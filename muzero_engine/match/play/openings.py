"""Where games begin: openings from EPD, FEN, PGN, SFEN, USI and SGF files, or random moves from a seed.

An opening is played twice, with colours swapped, so it need not be fair, but one that decides the game tells nothing.

Files, by their ending:

- `.epd` `.fen`: a chess position a line; `id "name";` of an EPD names it;
- `.pgn`: the main line of each game, from its FEN tag if it has one;
- `.sfen` `.usi` `.ugi` `.txt`: a line of moves, `startpos moves 7g7f 3c3d`, or a position with or without
  `moves ...`; with `position`, `sfen` or `fen` before it or without; of any game;
- `.sgf`: the main line of each game, from its set-up stones if it has some.

Empty lines and those that begin with `#` are skipped. A book may hold millions of positions, so it is only cut into
entries; those that are chosen are read, and a bad one of these ends in `BadOpenings` with one line.
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from muzero_engine.games.base import BadPosition, Game, IllegalMove, Position

MAX_BYTES = 1 << 30
ATTEMPTS = 2000  # random games without a new balanced position among them
CHESS_FILES = (".epd", ".fen", ".pgn")
LINE_FILES = (".sfen", ".usi", ".ugi", ".txt")

_TAG = re.compile(r'\[[A-Za-z0-9_]+\s+"')
_START_WORDS = ("position", "sfen", "fen")


class BadOpenings(ValueError):
    """A file of openings that cannot be used, or random openings that cannot be found; the message says why."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A position to begin from. `start` is read by `Game.from_text`, None is the initial position of the game."""

    name: str
    start: str | None = None
    moves: tuple[str, ...] = ()  # in the protocol's words, one side after the other


@dataclass(frozen=True, slots=True)
class _Entry:
    """A part of a file that holds one opening."""

    number: int  # of its line, or of its game; from 1
    text: str


def opening_position(opening: Opening, initial: Position, from_text: Callable[[str], Position]) -> Position:
    """The position after the moves of an opening. `initial` is the start of the game, which is left as it is.

    Raises BadOpenings for a position that cannot be read, an illegal move, and an opening that ends the game.
    """
    try:
        position = initial.copy() if opening.start is None else from_text(opening.start)
        for number, move in enumerate(opening.moves, start=1):
            try:
                position.push(position.parse_action(move))
            except IllegalMove as error:
                raise BadOpenings(f"opening {opening.name}, move {number}: {error}") from None
    except BadPosition as error:
        raise BadOpenings(f"opening {opening.name}: {error}") from None
    if position.shape != initial.shape:
        shapes = "x".join(map(str, position.shape)), "x".join(map(str, initial.shape))
        raise BadOpenings(f"opening {opening.name} is for a board of {shapes[0]}, and the games are on {shapes[1]}")
    outcome = position.outcome()
    if outcome is not None or not len(position.legal_actions()):
        reason = outcome.reason if outcome else "no legal moves"
        raise BadOpenings(f"opening {opening.name} ends the game ({reason}): take it out")
    return position


def read_openings(
    path: Path,
    game: Game,
    initial: Position,
    *,
    count: int | None = None,
    plies: int | None = None,
    seed: int | None = None,
) -> list[Opening]:
    """The openings of a file, each checked.

    Args:
        path: the file; its ending says what it holds.
        game: whose openings these are to be.
        initial: the start position of the games to be played; boards of another size are refused, and its komi is
            that of SGF openings with set-up stones.
        count: how many at most; None for all.
        plies: moves of an opening at most, the rest is cut off; None for all.
        seed: of the order; None for that of the file.

    Raises BadOpenings for a file that cannot be read, holds another game or nothing, and for a bad entry.
    """
    suffix = path.suffix.lower()
    if suffix not in (*CHESS_FILES, *LINE_FILES, ".sgf"):
        known = ", ".join((*CHESS_FILES, *LINE_FILES, ".sgf"))
        raise BadOpenings(f"cannot tell what {path} holds: name openings with one of the endings {known}")
    holds = "chess" if suffix in CHESS_FILES else "go" if suffix == ".sgf" else game.spec.name
    if holds != game.spec.name:
        raise BadOpenings(f"{path} holds openings for {holds}, not for {game.spec.name}: give another file")
    entries = list(_entries(suffix, _read(path)))
    if not entries:
        raise BadOpenings(f"there are no openings in {path}")
    if seed is not None:
        random.Random(f"openings {seed}").shuffle(entries)
    parse = {".pgn": _from_pgn, ".sgf": _from_sgf}.get(suffix, _from_line)
    found = []
    for entry in entries[:count]:
        what = "game" if suffix in (".pgn", ".sgf") else "line"
        name = f"{path.name}:{entry.number}"
        try:
            opening = parse(entry.text, name, game, initial)
        except BadPosition as error:
            raise BadOpenings(f"{path}, {what} {entry.number}: {error}") from None
        opening = Opening(opening.name, opening.start, opening.moves[:plies])
        opening_position(opening, initial, game.from_text)
        found.append(opening)
    return found


def random_openings(
    initial: Position,
    count: int,
    *,
    plies: int,
    seed: int,
    value: Callable[[Position], float] | None = None,
    balance: float = 0.3,
    from_start: bool = True,
) -> list[Opening]:
    """Different positions after `plies` uniformly random legal moves (no pass among them) from `initial`.

    That is where the game starts, or a set-up position if `from_start` is false. With `value`, which judges a position
    from its mover's point of view in [-1, 1], only positions are taken that it sees within `balance` of an even game.
    The same seed gives the same openings, and the first ones do not depend on `count`.

    Raises BadOpenings if not so many are found.
    """
    rng = np.random.default_rng(random.Random(f"random openings {seed}").getrandbits(64))
    spec, shape = initial.spec, initial.shape
    stones = spec.action_planes * shape[0] * shape[1]  # actions from here on have no square
    start = None if from_start else initial.text()
    found: list[Opening] = []
    seen: set[str] = set()
    failures = 0
    while len(found) < count:
        position = initial.copy()
        moves = _random_moves(position, plies, stones, rng)
        text = position.text()
        if moves is None or text in seen or (value is not None and not abs(value(position)) <= balance):
            failures += 1
            if failures == ATTEMPTS:
                within = "" if value is None else f" within {balance:g} of balance"
                raise BadOpenings(
                    f"found only {len(found)} of {count} different positions after {plies} random moves{within}: "
                    "ask for fewer openings or for more moves" + ("" if value is None else ", or allow more imbalance")
                )
            continue
        failures = 0
        seen.add(text)
        found.append(Opening(f"random {seed}:{len(found) + 1}", start, tuple(moves)))
    return found


def _random_moves(position: Position, plies: int, stones: int, rng: np.random.Generator) -> list[str] | None:
    """Plays random moves; their texts, or None where the game ends."""
    moves = []
    for _ in range(plies):
        actions = position.legal_actions()
        actions = actions[actions < stones]
        if not len(actions):
            return None
        action = int(rng.choice(actions))
        moves.append(position.action_text(action))
        position.push(action)
        if position.outcome() is not None:
            return None
    return None if not len(position.legal_actions()) else moves


# Files


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise BadOpenings(f"cannot read {str(path)!a}: {reason}") from None
    if len(data) > MAX_BYTES:
        raise BadOpenings(f"{path} is larger than {MAX_BYTES >> 20} MiB: take a part of it")
    return data.decode("utf-8-sig", errors="replace")


def _entries(suffix: str, text: str) -> Iterator[_Entry]:
    if suffix == ".sgf":
        from muzero_engine.games.go.sgf import split_games

        for number, game in enumerate(split_games(text), start=1):
            yield _Entry(number, game)
    elif suffix == ".pgn":
        for number, game in enumerate(_split_pgn(text.splitlines(keepends=True)), start=1):
            yield _Entry(number, game)
    else:
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip() and not line.lstrip().startswith("#"):
                yield _Entry(number, line.strip())


def _split_pgn(lines: Sequence[str]) -> Iterator[str]:
    """A game begins with the first tag after moves."""
    game: list[str] = []
    in_moves = False
    for line in lines:
        is_tag = _TAG.match(line) is not None
        if is_tag and in_moves:
            yield "".join(game)
            game, in_moves = [], False
        in_moves = in_moves or (not is_tag and bool(line.strip()))
        game.append(line)
    if in_moves or any(_TAG.match(line) for line in game):
        yield "".join(game)


def _from_line(line: str, name: str, game: Game, _initial: Position) -> Opening:
    """A position, or `startpos`, and moves after it."""
    words = line.split()
    while words and words[0] in _START_WORDS:
        words = words[1:]
    moves: tuple[str, ...] = ()
    if "moves" in words:
        at = words.index("moves")
        words, moves = words[:at], tuple(words[at + 1 :])
    if words in ([], ["startpos"]):
        return Opening(name, None, moves)
    if game.spec.name != "chess":
        return Opening(name, game.from_text(" ".join(words)).text(), moves)
    start, title = _chess_position(" ".join(words))
    return Opening(title or name, start, moves)


def _chess_position(text: str) -> tuple[str, str]:
    """FEN and name of a FEN or EPD. Raises BadPosition."""
    import chess

    from muzero_engine.games.chess.rules import position_from_fen

    words = text.split()
    operations: dict[str, object] = {}
    if len(words) < 5 or not words[4].isdigit():  # an EPD: four fields and operations
        try:
            board = chess.Board(None, chess960=True)
            operations = dict(board.set_epd(text))
        except (ValueError, IndexError) as error:
            raise BadPosition(f"cannot read the EPD: {error}") from None
        text = " ".join([*words[:4], str(board.halfmove_clock), str(board.fullmove_number)])
    title = operations.get("id")
    return position_from_fen(text).text(), title if isinstance(title, str) else ""


def _from_pgn(text: str, name: str, game: Game, _initial: Position) -> Opening:
    import chess.pgn

    from muzero_engine.games.chess.rules import SHAPE, position_from_fen

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
    position = game.initial(SHAPE) if at_start else position_from_fen(board.fen(), board.chess960)
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
    return Opening(name, start, tuple(moves))


def _from_sgf(text: str, name: str, _game: Game, initial: Position) -> Opening:
    from muzero_engine.games.go.actions import vertex_text
    from muzero_engine.games.go.rules import GoPosition
    from muzero_engine.games.go.sgf import Move, parse_sgf

    assert isinstance(initial, GoPosition)
    record = parse_sgf(text)
    position = record.position(komi=initial.komi)
    if any(not isinstance(step, Move) for step in record.steps[1:]):
        raise BadPosition("stones are put on the board in the middle of the game: set them up at its start")
    mover = position.first_mover
    for number, (colour, _) in enumerate(position.moves):
        if colour != mover ^ (number & 1):
            raise BadPosition(f"move {number + 1} is not {('black', 'white')[mover ^ (number & 1)]}'s")
    empty = not (position.first_stones(0) or position.first_stones(1)) and mover == 0
    start = GoPosition(
        position.shape, black=position.first_stones(0), white=position.first_stones(1), mover=mover, komi=initial.komi
    )
    moves = tuple(vertex_text(action, position.shape) for _, action in position.moves)
    return Opening(name, None if empty and position.shape == initial.shape else start.text(), moves)
