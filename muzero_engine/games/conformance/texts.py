"""Checks of everything that is written and read: moves, positions, boards for people."""

from __future__ import annotations

import numpy as np

from muzero_engine.games.base import BadPosition, Game, IllegalMove, Position, Shape
from muzero_engine.games.conformance.play import Broken, Seen, random_play
from muzero_engine.games.encoding import turned

NOISE = "abcdefghxoXO0123456789+*@-/ =.qrsPLNpass\t\n\0\u00e9\u4e00"


def action_texts_are_read_back(game: Game, shape: Shape) -> None:
    """Each legal action has a text of its own, one ASCII word, from which parse_action() reads it."""
    for position in random_play(game.initial(shape), seed=6, plies=80):
        actions = position.legal_actions().tolist()
        texts = [position.action_text(action) for action in actions]
        for action, text in zip(actions, texts, strict=True):
            if not text or not text.isascii() or set(text) & set(" \t\r\n"):
                raise Broken(f"action_text({action}) is {text!r}, not one word of ASCII", position)
            if texts.count(text) > 1:
                raise Broken(f"action_text() calls more than one legal action {text!r}", position)
            if (read := position.parse_action(text)) != action:
                raise Broken(f"parse_action({text!r}) is {read}, but action_text({action}) wrote it", position)


def position_texts_are_read_back(game: Game, shape: Shape) -> None:
    """text() is one line from which from_text() makes the same position, but for its history.

    Where the history forbids a move (superko), a neutral plane has to show its square: the network cannot know it else.
    """
    pieces = 2 * game.spec.layout.per_player
    to_square = game.action_table(shape).to_square
    for position in random_play(game.initial(shape), seed=7, plies=80):
        text = position.text()
        if len(text.splitlines()) != 1 or text != text.strip():
            raise Broken(f"text() is not one line without spaces around it: {text!r}", position)
        again = game.from_text(text)
        frame, frame_again = position.frames(1)[0], again.frames(1)[0]
        for what, value, right in (
            ("text()", again.text(), text),
            ("mover", again.mover, position.mover),
            ("shape", again.shape, shape),
            ("ply", again.ply, 0),
        ):
            if value != right:
                raise Broken(f"{what} is {value!r} after from_text({text!r}), not {right!r}", position)
        if not np.array_equal(frame[:pieces], frame_again[:pieces]):
            raise Broken("the pieces' planes differ after from_text(text())", position)
        legal, legal_again = position.legal_actions(), again.legal_actions()
        if len(new := np.setdiff1d(legal, legal_again)):
            raise Broken(f"actions {new.tolist()} are not legal after from_text(text())", position)
        shown = (frame[pieces:] & ~frame_again[pieces:]).any(axis=0)
        shown = turned(shown, game.spec.turn) if position.mover == 1 else shown
        for action in np.setdiff1d(legal_again, legal).tolist():
            if to_square[action] < 0 or not shown.reshape(-1)[to_square[action]]:
                raise Broken(
                    f"action {action} is legal after from_text(text()) and not before, and no neutral plane shows why",
                    position,
                )


def boards_for_people_are_plain_text(game: Game, shape: Shape) -> None:
    """board_text() is ASCII, has more lines than the board has rows, and says in the last one who is to move."""
    for position in random_play(game.initial(shape), seed=19, plies=10):
        text = position.board_text()
        if not text.isascii():
            raise Broken(f"board_text() is not ASCII: {text!r}", position)
        lines = text.splitlines()
        if len(lines) <= shape[0]:
            raise Broken(f"board_text() has {len(lines)} lines for {shape[0]} rows and who is to move", position)
        player = position.spec.players[position.mover]
        if player not in lines[-1].lower():
            raise Broken(
                f"the last line of board_text() does not name {player!r}, who is to move: {lines[-1]!r}", position
            )


def garbage_is_no_move(game: Game, shape: Shape) -> None:
    """parse_action() of noise raises IllegalMove with one line, or returns a legal action."""
    rng = np.random.default_rng(25)
    position = _late_position(game, shape)
    legal = position.legal_actions().tolist()
    good = [position.action_text(action) for action in legal]
    before = Seen.of(position)
    for text in [*_noise(rng, 100, 6), *(_edited(str(rng.choice(good or [""])), rng) for _ in range(100))]:
        try:
            action = position.parse_action(text)
        except IllegalMove as error:
            _require_one_line(f"parse_action({text!r})", error)
        else:
            if action not in legal:
                raise Broken(f"parse_action({text!r}) is {action}, which is not legal", position)
    if difference := Seen.of(position).difference(before):
        raise Broken(f"reading moves changes the position: {difference}", position)


def garbage_is_no_position(game: Game, shape: Shape) -> None:
    """from_text() of noise raises BadPosition with one line, or returns a position that works."""
    rng = np.random.default_rng(26)
    good = _late_position(game, shape).text()
    for text in [*_noise(rng, 60, 30), *(_edited(good, rng) for _ in range(140))]:
        try:
            position = game.from_text(text)
        except BadPosition as error:
            _require_one_line(f"from_text({text!r})", error)
            continue
        Seen.of(position)
        position.ending_actions()
        written = position.text()
        if (again := game.from_text(written).text()) != written:
            raise Broken(f"from_text({text!r}) writes {written!r}, which is read and written again as {again!r}")


def _late_position(game: Game, shape: Shape) -> Position:
    *_, position = random_play(game.initial(shape), seed=20, plies=6)
    return position


def _noise(rng: np.random.Generator, count: int, length: int) -> list[str]:
    return ["".join(rng.choice(list(NOISE), rng.integers(0, length + 1))) for _ in range(count)]


def _edited(good: str, rng: np.random.Generator) -> str:
    """Return a good text with up to three characters removed at one place and up to three others put there."""
    at, removed, put = int(rng.integers(0, len(good) + 1)), int(rng.integers(0, 4)), int(rng.integers(0, 4))
    return good[:at] + "".join(rng.choice(list(good + "xX0-9/ +"), put)) + good[at + removed :]


def _require_one_line(call: str, error: Exception) -> None:
    if len(str(error).splitlines()) != 1:
        raise Broken(f"{call} raises {type(error).__name__} with a message that is not one line: {str(error)!r}")


CHECKS = (
    action_texts_are_read_back,
    position_texts_are_read_back,
    boards_for_people_are_plain_text,
    garbage_is_no_move,
    garbage_is_no_position,
)
