"""Whether the folder of a match or a ladder says what was played: every game of it is replayed by the rules.

Of every game: each move is legal, and the game was not over before its last one; where the record says that the rules
ended it, they did, with this result and this count of the board, and where it says otherwise, they did not; who lost by
a fault or resigned was to move, and who declared a win had one. Of the folder: games and pairs are there once, their
players are the folder's, and the files beside `games.jsonl` hold the same games. Nothing of the runner is used, and
nothing of its judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from muzero_engine.files import read_limited, text_bytes
from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordFormat, Scored
from muzero_engine.games.lines import written_formats
from muzero_engine.games.record import Ending, GameRecord
from muzero_engine.games.record_files import played_game
from muzero_engine.games.record_files import text_of as file_text
from muzero_engine.games.registry import game_names, load_game
from muzero_engine.games.written_games import played_moves
from muzero_engine.match.records.moves import move_texts
from muzero_engine.match.records.record_json import BadRecord, parse_record
from muzero_engine.match.records.store import GAMES, MOST_BYTES, Header, file_name, read_header, text_of
from muzero_engine.match.settings.match_settings import BadMatch, Scoring


class Problem(NamedTuple):
    """Something that is wrong."""

    line: int  # of `games.jsonl`, from 1; 0: the folder as a whole, or another file of it
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was looked at, and what is wrong with it."""

    records: tuple[GameRecord, ...]
    problems: tuple[Problem, ...]

    def summary(self) -> str:
        """Return what was looked at in one line: "4 games (4 rules), 32 plies: nothing is wrong"."""
        games, plies = len(self.records), sum(len(move_texts(record)) for record in self.records)
        endings = Counter(record.ending.value for record in self.records).most_common()
        kinds = f" ({', '.join(f'{count} {ending}' for ending, count in endings)})" if endings else ""
        verdict = f"{len(self.problems)} wrong" if self.problems else "nothing is wrong"
        return f"{games} game{'' if games == 1 else 's'}{kinds}, {plies} plies: {verdict}"


def verify(folder: Path) -> Verification:
    """Check the folder of a match or a ladder. Raises BadMatch where there is none that can be read."""
    path = folder / GAMES
    try:
        data = read_limited(path, MOST_BYTES)
    except OSError as error:
        raise BadMatch(f"{folder} is no folder of a match or a ladder: {path}: {error.strerror}") from None
    whole, _, rest = data.rpartition(b"\n")
    lines = whole.decode("utf-8", errors="replace").split("\n")
    header, _ = read_header(lines, path)
    records: list[GameRecord] = []
    problems: list[Problem] = []
    playable = True
    for number, line in enumerate(lines[1:], start=2):
        try:
            records.append(record := parse_record(line))
            problem = _game_problem(record, _replayed(record), header)
        except BadRecord as error:
            problem = f"it is no game: {error}"
        except (BadPosition, IllegalMove) as error:
            playable, problem = False, str(error)
        if problem is not None:
            problems.append(Problem(number, problem))
    if rest:
        problems.append(Problem(len(lines) + 1, "it is cut off; going on with the games removes it"))
    problems += [Problem(0, text) for text in _pair_problems(records)]
    if playable:
        problems += [Problem(0, text) for text in _file_problems(folder, records, header)]
    return Verification(tuple(records), tuple(problems))


def _replayed(record: GameRecord) -> Position:
    """Return the position at the end of a game. Raises BadPosition or IllegalMove where the rules do not lead there."""
    if record.game_name not in game_names():
        raise BadPosition(f"there is no game {record.game_name!a:.40}")
    try:
        position = load_game(record.game_name).from_text(record.start)
    except BadPosition as error:
        raise BadPosition(f"the position to start from: {error}") from None
    for ply, text in enumerate(move_texts(record)):
        if (outcome := position.outcome()) is not None:
            raise IllegalMove(f"it went on after {outcome.reason}, at ply {ply}")
        try:
            position.push(position.parse_action(text))
        except IllegalMove as error:
            raise IllegalMove(f"illegal move {text!a:.40} at ply {ply}: {error}") from None
    return position


def _game_problem(record: GameRecord, position: Position, header: Header) -> str | None:
    """Return the first thing that is wrong with a game, given the position at its end."""
    rules, names = header.rules, [engine.name for engine in header.engines]
    if record.game_name != (game := rules.game or header.game or record.game_name):
        return f"a game of {record.game_name} among those of {game}"
    if strangers := [name for name in (record.first, record.second) if names and name not in names]:
        return f"{strangers[0]} is none of the engines of this folder"
    cap = rules.max_plies
    if record.ending is Ending.PLY_CAP and cap is not None and position.ply < cap:
        return f"said to have reached the cap of {cap} plies, after {position.ply}"
    by_engines = rules.scoring == Scoring.ENGINES.value and record.area is not None
    return _count_problem(record, position, by_engines) or _end_problem(record, position, by_engines)


def _count_problem(record: GameRecord, position: Position, by_engines: bool) -> str | None:
    """Return what is wrong with the count of the board at the end of a game.

    `by_engines`: where both engines agreed, the count is theirs, and nobody else knows which stones they took off.
    """
    if record.area is None:
        return None
    if not isinstance(position, Scored) or record.ending not in (Ending.RULES, Ending.PLY_CAP):
        return f"a board is said to have been counted after {record.ending.value}"
    if not by_engines and record.area != position.score():
        return f"the board is said to give {record.area:g}, but it gives {position.score():g}"
    if record.points != _points_of(record.area):
        return f"{record.points:g} points, but the board gives {record.area:g}"
    return None


def _end_problem(record: GameRecord, position: Position, by_engines: bool) -> str | None:
    """Return what is wrong with the end of a game and its points, given the position there."""
    ending, outcome, points = record.ending, position.outcome(), record.points
    loses = float(position.mover)  # the first player's points where the player to move has lost
    if ending is Ending.RULES:
        if outcome is None:
            return f"said to have ended by {record.reason}, but it is not over"
        right = (outcome.value(0) + 1.0) / 2.0
        if points != right and not by_engines:
            return f"{points:g} points by {record.reason}, but it is {right:g} by {outcome.reason}"
        return None
    if outcome is not None:
        return f"said to have ended by {ending.value}, but it was over by {outcome.reason}"
    match ending:
        case Ending.DECLARATION if not position.can_declare_win() or points != 1.0 - loses:
            return "the declared win is none"
        case Ending.RESIGNATION if points != loses:
            return f"player {position.mover} resigned and has not lost"
        case Ending.PLY_CAP if points != (_points_of(position.score()) if isinstance(position, Scored) else 0.5):
            return f"{points:g} points at the cap on plies, which is a draw, or counted where the board can be"
        case _ if ending.is_fault and record.moves and points != loses:  # before its first move any engine can fail
            return f"{ending.value}, but player {position.mover} was to move and has not lost"
    return None


def _pair_problems(records: Sequence[GameRecord]) -> Iterator[str]:
    """Say which games are there twice, and which pairs are none."""
    pairs: dict[int, list[GameRecord]] = {}
    for record in records:
        pairs.setdefault(record.pair, []).append(record)
    for number, games in pairs.items():
        if sorted(game.game for game in games) not in ([0], [1], [0, 1]):
            yield f"pair {number} has the games {', '.join(str(game.game) for game in games)}, not 0 and 1"
            continue
        first, last = games[0], games[-1]
        if {first.first, first.second} != {last.first, last.second}:
            yield f"the two games of pair {number} are between different players"
        elif first.first == last.second and (first.start, first.opening_moves) != (last.start, last.opening_moves):
            yield f"the two games of pair {number} have different openings"


def _file_problems(folder: Path, records: Sequence[GameRecord], header: Header) -> Iterator[str]:
    """Say which of the other files do not hold these games as they are written. All of them can be played."""
    games = {record.game_name for record in records} & set(game_names())
    if len(games) != 1:
        return
    for form in written_formats(load_game(games.pop())):
        try:
            data = read_limited(folder / file_name(form), MOST_BYTES)
        except OSError as error:
            yield f"{file_name(form)}: {error.strerror or error}"
            continue
        if (count := data.count(form.written_once)) != len(records):
            yield f"{file_name(form)} holds {count} games, {GAMES} {len(records)}"
            continue
        written = (form.separator * (i > 0) + text_of(form, record, header.event) for i, record in enumerate(records))
        if data != b"".join(map(text_bytes, written)) and (number := _other_game(form, data, records)):
            yield f"{file_name(form)} differs from {GAMES} in game {number}"


def _other_game(form: RecordFormat, data: bytes, records: Sequence[GameRecord]) -> int:
    """Return the number of the first game of a file that is another than in `GAMES`, from 1; 0 where none is: other
    versions of the program write comments, say, in other words."""
    entries = list(form.split(file_text(data, form)))
    for record, entry in zip(records, entries, strict=False):
        try:
            game = played_game(entry.text, form, load_game(record.game_name))
        except BadPosition:
            return entry.number
        (first, actions), (start, expected) = played_moves(game.position), played_moves(_replayed(record))
        if (first.text(), actions) != (start.text(), expected) or game.players != (record.first, record.second):
            return entry.number
        if game.told.ending is not Ending.UNTOLD and game.told.winner != record.winner:
            return entry.number
    return 0 if len(entries) == len(records) else min(len(entries), len(records)) + 1


def _points_of(area: float) -> float:
    """Return the first player's points where the board was counted so."""
    return 0.5 if area == 0.0 else float(area > 0.0)
