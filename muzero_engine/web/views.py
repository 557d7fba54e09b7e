"""Positions, moves and reports of a search as the page gets them: plain data for JSON.

Squares are [row, column] from the top left as player 0 sees the board; scores are those of player 0, 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from muzero_engine.engine.imagination import ImaginedPly
from muzero_engine.engine.points import RootPoints, move_lead
from muzero_engine.engine.report import RootMove, SearchInfo, TreePicture
from muzero_engine.games.base import Game, Handicap, Position, Scored, Shape, Turn, WithKomi
from muzero_engine.games.board_view import BoardView, Held, Piece
from muzero_engine.games.imagined_view import believed_pieces, seen_square
from muzero_engine.games.lines import START
from muzero_engine.games.registry import game_of
from muzero_engine.games.written_games import written_suffixes
from muzero_engine.games.written_moves import line_texts, move_text

Data = dict[str, Any]
LINE_MOVES = 12  # of a variation that are shown


def game_data(game: Game) -> Data:
    """Return what the page has to know of a game before it begins one."""
    spec = game.spec
    start = game.initial(spec.shapes[0])
    return {
        "name": spec.name,
        "players": list(spec.players),
        "kanji_players": game.notation.kanji_players,
        "shapes": [list(shape) for shape in spec.shapes],
        "komi": start.komi if isinstance(start, WithKomi) else None,
        "handicap": isinstance(start, Handicap),
        "declarations": game.declarations,
        "kanji": game.notation.kanji is not None,
        "suffixes": written_suffixes(game),
        "ownership": spec.ownership,
        "pictures": game.piece_picture is not None,
        "plies_per_move": game.notation.plies_per_move,
    }


def position_data(position: Position, *, kanji: bool) -> Data:
    """Return all that the page shows of a position, with its legal moves."""
    game = game_of(position)
    outcome = position.outcome()
    view = None if game.board_view is None else game.board_view(position)
    return {
        "text": position.text(),
        "mover": position.mover,
        "ply": position.ply,
        "board": None if view is None else view_data(view),
        "plain": position.board_text() if view is None else "",
        "moves": [] if outcome is not None else moves_data(position, kanji=kanji),
        "outcome": None if outcome is None else {"winner": outcome.winner, "reason": outcome.reason},
        "score": position.score() if isinstance(position, Scored) else None,
        "declare": outcome is None and position.can_declare_win(),
    }


def view_data(view: BoardView) -> Data:
    """Return a board."""
    return {
        "columns": view.columns,
        "rows": view.rows,
        "kanji_rows": view.kanji_rows,
        "pieces": [{"square": square, **piece_data(piece)} for square, piece in view.pieces.items()],
        "surface": view.surface.value,
        "light": view.light,
        "discs": view.signs is not None,
        "crossings": view.crossings,
        "stars": sorted(view.stars),
        "left": view.left,
        "arrived": view.arrived,
        "checked": view.checked,
        "held_name": view.held_name,
        "held": [_held_data(held) for held in view.held],
        "facts": view.facts,
        "move_number": view.move_number,
    }


def piece_data(piece: Piece) -> Data:
    """Return a piece."""
    return {
        "player": piece.player,
        "letter": piece.letter,
        "symbol": piece.symbol,
        "kanji": piece.kanji,
        "promoted": piece.promoted,
    }


def moves_data(position: Position, *, kanji: bool) -> list[Data]:
    """Return the legal moves: texts, and the squares (or the piece in hand) that they go from and to."""
    return [
        {
            "move": position.action_text(action),
            "text": move_text(position, action, kanji=kanji),
            **_squares(position, action),
        }
        for action in position.legal_actions().tolist()
    ]


def _squares(position: Position, action: int) -> Data:
    """Return from and to of a legal action, and the letter of a piece that it takes from the hand."""
    board_move = game_of(position).board_move
    if board_move is None:
        return {"from": None, "to": None, "drop": ""}
    move = board_move(position, action)
    return {"from": move.left, "to": move.arrived, "drop": move.dropped}


def imagined_data(plies: Sequence[ImaginedPly], start: Position, *, kanji: bool) -> list[Data]:
    """Return what the model imagines along a line from a position: boards of what it believes in, and figures."""
    game, position = game_of(start), start.copy()
    result = []
    for ply in plies:
        text = ""
        if ply.action is not None:
            text = move_text(position, ply.action, kanji=kanji)
            position.push(ply.action)
        board, wrong = None, []
        if ply.picture is not None and game.board_view is not None and game.plane_pieces is not None:
            view = game.board_view(position)
            believed = believed_pieces(position, ply.picture)
            pieces = [
                {"square": square, **piece_data(one.piece), "probability": round(one.probability, 3)}
                for square, one in believed.items()
            ]
            board = {**view_data(view), "pieces": pieces}
            wrong = [seen_square(view, square) for square in ply.wrong]
        result.append(
            {
                "text": text,
                "score": (1.0 + ply.value) / 2.0,
                "seen_score": None if ply.seen_value is None else (1.0 + ply.seen_value) / 2.0,
                "illegal": ply.illegal,
                "over": ply.over,
                "is_over": ply.is_over,
                "board": board,
                "wrong": wrong,
            }
        )
    return result


def line_data(start: Position, moves: Iterable[int], *, kanji: bool) -> list[Data]:
    """Return the moves of a game from its first position: texts, player and the number that people give it."""
    game, position = game_of(start), start.copy()
    first = start.ply + 1 if game.board_view is None else game.board_view(start).move_number
    plies_per_move = game.notation.plies_per_move
    before = start.mover if plies_per_move > 1 else 0  # plies of the first move that were played before
    line = []
    for ply, action in enumerate(moves):
        line.append(
            {
                "move": position.action_text(action),
                "text": move_text(position, action, kanji=kanji),
                "mover": position.mover,
                "number": first + (ply + before) // plies_per_move,
            }
        )
        position.push(action)
    return line


def info_data(position: Position, info: SearchInfo, lines: int, points: RootPoints, *, kanji: bool) -> Data:
    """Return a moment of a search: its best `lines` with their variations, the points ahead, and the tree where it was
    asked for."""
    total = max(1, sum(move.visits for move in info.moves))
    first = position.mover == 0
    return {
        "nodes": info.nodes,
        "nps": info.nps,
        "depth": info.depth,
        "seconds": info.elapsed_ms / 1000.0,
        "score": expected(info.moves[0]) if first or not info.moves else 1.0 - expected(info.moves[0]),
        "lines": [_line(position, move, total, kanji=kanji) for move in info.moves[:lines]],
        "ownership": _ownership(info, position),
        "lead": None if info.ownership is None or not info.moves else _lead(info, position, points),
        "tree": None if info.tree is None else _tree(info.tree, position, kanji=kanji),
    }


def _lead(info: SearchInfo, position: Position, points: RootPoints) -> float:
    """Return the points that player 0 is ahead, as the best move has it (see `engine.points`)."""
    lead = move_lead(position, info.moves[0], points.model(info))
    return round(lead if position.mover == 0 else -lead, 1)


def _tree(tree: TreePicture, root: Position, *, kanji: bool) -> Data:
    """Return the tree for the page: its nodes, each after its parent, and how candidates were thrown out.

    Scores are those of player 0. A move that the rules do not allow has no text, and nothing behind it is shown.
    """
    places: dict[int, int] = {}  # of shown branches among those that are sent
    sent: list[Data] = []
    after: list[Position | None] = []
    for branch in tree.branches:
        before = root if branch.parent < 0 else after[branch.parent]
        position = None
        if before is not None:
            legal = branch.action in before.legal_actions() and before.outcome() is None
            own = (1.0 + branch.q) / 2.0
            node = {
                "parent": -1 if branch.parent < 0 else places[branch.parent],
                "move": before.action_text(branch.action) if legal else None,
                "text": move_text(before, branch.action, kanji=kanji) if legal else None,
                "prior": round(branch.prior, 4),
                "visits": branch.visits,
                "score": round(own if before.mover == 0 else 1.0 - own, 4),
                "mover": before.mover,
            }
            places[len(after)] = len(sent)
            sent.append(node)
            if legal:
                position = before.copy()
                position.push(branch.action)
        after.append(position)
    rounds = [
        {
            "simulations": one.simulations,
            "texts": [move_text(root, action, kanji=kanji) for action in one.actions],
            "left": one.left,
        }
        for one in tree.rankings
    ]
    return {"nodes": sent, "rounds": rounds}


def expected(move: RootMove) -> float:
    """Return the expected score of a move, its mover's view: wins and half of draws, 0 to 1."""
    win, draw, _ = move.wdl
    return win + draw / 2.0


def _line(position: Position, move: RootMove, total: int, *, kanji: bool) -> Data:
    texts, people = line_texts(position, move.pv[:LINE_MOVES], kanji=kanji)
    win, draw, loss = move.wdl
    wdl = (win, draw, loss) if position.mover == 0 else (loss, draw, win)
    return {
        "moves": texts,
        "texts": people,
        "visits": move.visits,
        "share": move.visits / total,
        "prior": move.prior,
        "wdl": [round(part, 4) for part in wdl],
        "score": wdl[0] + wdl[1] / 2.0,
        **_squares(position, move.action),
    }


def _ownership(info: SearchInfo, position: Position) -> list[list[float]] | None:
    """Return whose each square will be, rows of [-1, 1], + for player 0; None where the board turns or nobody says."""
    if info.ownership is None or position.spec.turn is not Turn.NONE:
        return None
    own = info.ownership if position.mover == 0 else -info.ownership
    rows: list[list[float]] = own.round(2).tolist()
    return rows


def _held_data(held: Held) -> list[Data]:
    return [{**piece_data(piece), "count": count} for piece, count in held]


def start_text(start: Position, game: Game) -> str:
    """Return the text of a first position, "startpos" for that of a game's first board."""
    text = start.text()
    return START if text == game.initial(game.spec.shapes[0]).text() else text


def shape_of(game: Game, size: int | None) -> Shape:
    """Return the board of so many rows; the first one where nothing is said. Raises ValueError where there is none."""
    shapes = game.spec.shapes
    if size is None:
        return shapes[0]
    for shape in shapes:
        if shape[0] == size:
            return shape
    raise ValueError(f"{game.spec.name} has no board of {size} lines")
