"""What a search says, in terms of the game: root moves with lines that are legal by the rules."""

from __future__ import annotations

from collections.abc import Mapping

from muzero_engine.engine.report import RootMove
from muzero_engine.games.base import Position
from muzero_engine.search.search import RootChild, Search

MAX_PLIES = 64


def principal_variation(
    search: Search, position: Position, child: RootChild
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the most visited legal line that begins with `child`'s action and ends with the game, if not before; and
    the simulations through each of its moves.

    `position` is left as it was.
    """
    line, visits = [child.action], [child.visits]
    position.push(child.action)
    node = child.node
    while len(line) < MAX_PLIES:
        following = search.children(node)
        if not following or position.outcome() is not None:
            break
        legal = set(position.legal_actions().tolist())
        step = next(((action, kid) for action, kid in following if action in legal), None)
        if step is None:
            break
        action, node = step
        position.push(action)
        line.append(action)
        visits.append(search.visits(node))
    for _ in line:
        position.pop()
    return tuple(line), tuple(visits)


def root_moves(
    search: Search, position: Position, lines: int, mates: Mapping[int, tuple[int, ...]]
) -> tuple[RootMove, ...]:
    """Return every root move, best first; the first `lines` have a principal variation, the others their move alone.

    `mates` has the lines of proven mates, by their first action. Where every move loses, the longest are best.
    """
    moves = []
    for i, child in enumerate(search.root_moves()):
        mate = mates.get(child.action)
        if mate is not None:
            pv, pv_visits = mate, (child.visits,) * len(mate)
        elif i < lines:
            pv, pv_visits = principal_variation(search, position, child)
        else:
            pv, pv_visits = (child.action,), (child.visits,)
        value = search.as_result(child.q, child.draw)
        moves.append(
            RootMove(
                action=child.action,
                visits=child.visits,
                value=value,
                draw=max(0.0, min(child.draw, 1.0 - abs(value))),
                prior=child.prior,
                lcb=search.as_result(child.lcb, child.draw),
                pv=pv,
                ends=child.ends,
                pv_visits=pv_visits,
                mate_plies=None if mate is None else len(mate),
            )
        )
    if mates and all(move.ends == -1.0 for move in moves):
        moves.sort(key=lambda move: -len(move.pv))
    return tuple(moves)


def ponder_move(position: Position, pv: tuple[int, ...]) -> int | None:
    """Return the reply to expect after pv[0], or None where there is none or it ends the game."""
    if len(pv) < 2:
        return None
    position.push(pv[0])
    position.push(pv[1])
    over = position.outcome() is not None
    position.pop()
    position.pop()
    return None if over else pv[1]
