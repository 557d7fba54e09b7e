"""Checks of what a game declares beside its rules: notation, files, defaults, scripted gains, capabilities, view."""

from __future__ import annotations

import re

import numpy as np

from muzero_engine.games.base import Game, IllegalMove, Position, Scored, Shape, WithKomi
from muzero_engine.games.conformance.play import Broken, Seen, pick, random_play
from muzero_engine.games.lines import record_formats
from muzero_engine.games.record import Ending, GameRecord, PlyRecord

_SETTING = re.compile(r"[a-z_]+(\.[a-z_]+)?=\S+")


def notation_is_read_back(game: Game, shape: Shape) -> None:
    """Moves as people write them mean the legal action they were written for; `pattern` fits the protocol's moves."""
    notation = game.notation
    for position in random_play(game.initial(shape), seed=27, plies=60):
        for action in position.legal_actions().tolist():
            text = position.action_text(action)
            if notation.pattern is not None and not notation.pattern.fullmatch(text):
                raise Broken(f"Notation.pattern does not fit {text!r}, a legal move", position)
            for write in filter(None, (notation.text, notation.kanji)):
                text = write(position, action)
                try:
                    read: int | None = position.parse_action(text)
                except IllegalMove:
                    read = None if notation.parse is None else notation.parse(position, text)
                if read != action:
                    raise Broken(f"Notation writes {text!r} for action {action}, which is read as {read}", position)


def written_games_are_read_back(game: Game, shape: Shape) -> None:
    """A game that a record format writes is the same game when the format reads it, and counts as one."""
    position = game.initial(shape)
    start = position.text()
    rng = np.random.default_rng(28)
    moves = []
    while position.outcome() is None and position.ply < 60:
        action = pick(position, rng)
        moves.append(position.action_text(action))
        position.push(action)
    outcome = position.outcome()
    record = GameRecord(
        game_name=game.spec.name,
        first="first",
        second="second",
        opening="",
        pair=0,
        game=0,
        start=start,
        opening_moves=tuple(moves[:2]),
        moves=tuple(PlyRecord(move=move, elapsed_s=0.1) for move in moves[2:]),
        points=0.5 if outcome is None else (outcome.value(0) + 1) / 2,
        ending=Ending.PLY_CAP if outcome is None else Ending.RULES,
        reason="the cap on plies" if outcome is None else outcome.reason,
        started="2026-01-01T00:00:00",
    )
    for form in record_formats(game):
        if form.write is None:
            continue
        text = form.write(record, "a match")
        if form.written_once and text.encode(form.encodings[0]).count(form.written_once) != 1:
            raise Broken(f"{form.name} does not hold {form.written_once!r} once for one game: {text!r}")
        entries = list(form.split(text))
        if len(entries) != 1:
            raise Broken(f"{form.name} of one game is split into {len(entries)} entries: {text!r}")
        recorded = form.read(entries[0].text, game.initial(shape))
        again = game.initial(shape) if recorded.start is None else game.from_text(recorded.start)
        for move in recorded.moves:
            again.push(again.parse_action(move))
        if again.text() != position.text():
            raise Broken(f"{form.name} of a game is read as one that ends at {again.text()!r}", position)


def defaults_are_usable(game: Game, shape: Shape) -> None:
    """The defaults' positions go on, the cap on plies is a number of plies, presets are settings."""
    defaults = game.defaults
    for text in defaults.bench_positions:
        if game.from_text(text).outcome() is not None:
            raise Broken(f"the game is over in the bench position {text!r}")
    if game.ply_cap(shape) < 1:
        raise Broken(f"the cap on plies is {game.ply_cap(shape)}")
    if defaults.opening_plies < 0:
        raise Broken(f"GameDefaults.opening_plies is {defaults.opening_plies}")
    for name, settings in defaults.presets.items():
        for setting in settings:
            if not _SETTING.fullmatch(setting):
                raise Broken(f"the preset {name!r} has {setting!r}, which is not like 'self_play.games=256'")


def gains_belong_to_legal_actions(game: Game, shape: Shape) -> None:
    """`greedy` returns a finite float64 gain of each legal action and leaves the position as it was."""
    if game.greedy is None:
        return
    for position in random_play(game.initial(shape), seed=29, plies=60):
        before = Seen.of(position)
        gains = game.greedy(position)
        if difference := Seen.of(position).difference(before):
            raise Broken(f"greedy() changes the position: {difference}", position)
        if gains.dtype != np.float64 or gains.shape != (len(position.legal_actions()),):
            raise Broken(
                f"greedy() is {gains.dtype}{list(gains.shape)}, not float64[{len(position.legal_actions())}]", position
            )
        if not np.all(np.isfinite(gains)):
            raise Broken("greedy() has a gain that is no finite number", position)


def capabilities_hold(game: Game, shape: Shape) -> None:
    """Scores are finite, areas are int8[H, W] in {-1, 0, 1}, komi stays as it was set; who declares says so."""
    if game.spec.ownership and not isinstance(game.initial(shape), Scored):
        raise Broken("GameSpec.ownership is set, but positions have no score() and area() to learn it from")
    for position in random_play(game.initial(shape), seed=30, plies=60):
        if position.can_declare_win() and not game.declarations:
            raise Broken("can_declare_win() is true, but Game.declarations is not set", position)
        before = Seen.of(position)
        if isinstance(position, Scored):
            _check_score(position, shape)
        if isinstance(position, WithKomi):
            komi = position.komi
            position.set_komi(komi + 1)
            if position.komi != komi + 1:
                raise Broken(f"komi is {position.komi} after set_komi({komi + 1})", position)
            position.set_komi(komi)
        if difference := Seen.of(position).difference(before):
            raise Broken(f"asking for score, area or komi changes the position: {difference}", position)


def _check_score(position: Position, shape: Shape) -> None:
    assert isinstance(position, Scored)
    if not np.isfinite(position.score()):
        raise Broken(f"score() is {position.score()}", position)
    area = position.area()
    if area.dtype != np.int8 or area.shape != shape or not np.all(np.abs(area) <= 1):
        raise Broken(f"area() is {area.dtype}{list(area.shape)} with {np.unique(area).tolist()}", position)


def views_show_the_board(game: Game, shape: Shape) -> None:
    """`board_view` has the board's size, pieces on it that ASCII can write, and the last move where a piece is."""
    if game.board_view is None:
        return
    for position in random_play(game.initial(shape), seed=20, plies=40):
        before = Seen.of(position)
        view = game.board_view(position)
        if difference := Seen.of(position).difference(before):
            raise Broken(f"board_view() changes the position: {difference}", position)
        if (len(view.rows), len(view.columns)) != shape:
            raise Broken(f"board_view() has {len(view.rows)}x{len(view.columns)} squares", position)
        for (row, column), piece in view.pieces.items():
            if not (0 <= row < shape[0] and 0 <= column < shape[1]):
                raise Broken(f"board_view() has a piece beside the board, at {(row, column)}", position)
            if not (piece.letter.isascii() and 1 <= len(piece.letter) <= view.letters and piece.player in (0, 1)):
                raise Broken(f"board_view() has {piece}, whose letter is not ASCII or longer than `letters`", position)
        if view.arrived is not None and view.arrived not in view.pieces:
            raise Broken(f"board_view() has the last move at {view.arrived}, where nothing stands", position)


def proven_mates_are_mates(game: Game, shape: Shape) -> None:
    """What the game's solver proves is a legal line that wins; asking it leaves the position as it was."""
    if game.mates is None:
        return
    for position in random_play(game.initial(shape), seed=33, plies=60):
        before, mover = Seen.of(position), position.mover
        problem = game.mates.problem(position)
        if len(problem.splitlines()) != 1:
            raise Broken(f"mates.problem() is {problem!r}, not one line", position)
        result = game.mates.solve(problem, (), 1_000)
        if difference := Seen.of(position).difference(before):
            raise Broken(f"mates changes the position: {difference}", position)
        if not result.moves:
            continue
        end = position.copy()
        try:
            for text in result.moves:
                end.push(end.parse_action(text))
        except IllegalMove as error:
            raise Broken(f"mates.solve() has the line {' '.join(result.moves)}: {error}", position) from None
        outcome = end.outcome()
        if not result.decided or outcome is None or outcome.winner != mover:
            raise Broken(f"mates.solve() has the line {' '.join(result.moves)}, which is no mate", position)


CHECKS = (
    notation_is_read_back,
    written_games_are_read_back,
    defaults_are_usable,
    gains_belong_to_legal_actions,
    capabilities_hold,
    proven_mates_are_mates,
    views_show_the_board,
)
