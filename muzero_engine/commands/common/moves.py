"""Moves as people write them: the protocol's text everywhere, in chess SAN as well."""

from __future__ import annotations

from collections.abc import Iterable

from muzero_engine.games.base import IllegalMove, Position


def read_move(position: Position, text: str) -> int:
    """The legal action that a text means. Raises IllegalMove."""
    try:
        return position.parse_action(text)
    except IllegalMove:
        if position.spec.name != "chess" or (action := _from_san(position, text)) is None:
            raise
        return action


def move_text(position: Position, action: int) -> str:
    """A legal action for people: SAN in chess, the protocol's text elsewhere."""
    text = position.action_text(action)
    return _san(position, text) if position.spec.name == "chess" else text


def line_texts(position: Position, actions: Iterable[int]) -> tuple[list[str], list[str]]:
    """A line of legal actions from here: (protocol's texts, texts for people). `position` is as before afterwards."""
    protocol, people = [], []
    for action in actions:
        protocol.append(position.action_text(action))
        people.append(move_text(position, action))
        position.push(action)
    for _ in protocol:
        position.pop()
    return protocol, people


def _from_san(position: Position, text: str) -> int | None:
    """The action of a chess move in SAN; None for what is no move. Raises IllegalMove where two moves are meant."""
    import chess

    from muzero_engine.games.chess.rules import ChessPosition

    assert isinstance(position, ChessPosition)
    board = position.board
    try:
        move = board.parse_san(text.strip())
    except chess.AmbiguousMoveError:
        raise IllegalMove(f"{text.strip()} could be either of two pieces: say which, as in Nbd2 or R1e2") from None
    except ValueError:
        return None
    return position.parse_action(board.uci(move))


def _san(position: Position, text: str) -> str:
    from muzero_engine.games.chess.rules import ChessPosition

    assert isinstance(position, ChessPosition)
    board = position.board
    return board.san(board.parse_uci(text))
