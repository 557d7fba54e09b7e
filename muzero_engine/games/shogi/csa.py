"""CSA 2.2 and 3.0 (http://www2.computer-shogi.org/protocol/record_v3.html), read line by line.

cshogi's own reader ends the process on a file without a position, so that it is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from muzero_engine.games.base import BadPosition, IllegalMove, Position, RecordedGame, RecordEntry
from muzero_engine.games.record import Ending, GameRecord, ToldGame, told_date, told_name
from muzero_engine.games.record_files import BadRecordedMove, refuse_long
from muzero_engine.games.shogi.diagram import Diagram
from muzero_engine.games.shogi.notation import parse_written_move
from muzero_engine.games.shogi.rules import ShogiPosition
from muzero_engine.games.shogi.sfen import START

_PIECES = dict(
    zip("FU KY KE GI KI KA HI OU TO NY NK NG UM RY".split(), "P L N S G B R K +P +L +N +S +B +R".split(), strict=True)
)
_MOVE = re.compile(r"[+-][0-9]{4}[A-Z]{2}")
MOVER, OTHER = 0, 1  # who wins, of the player to move
_ENDINGS = {
    "TORYO": (OTHER, Ending.RESIGNATION),
    "TIME_UP": (OTHER, Ending.TIME_LOSS),
    "ILLEGAL_MOVE": (OTHER, Ending.ILLEGAL_MOVE),
    "TSUMI": (OTHER, Ending.UNKNOWN),
    "KACHI": (MOVER, Ending.DECLARATION),
    **dict.fromkeys(("HIKIWAKE", "JISHOGI", "SENNICHITE", "MAX_MOVES"), (None, Ending.UNKNOWN)),
    "CHUDAN": (None, Ending.UNFINISHED),
}
_RESULT = re.compile(r"'result (0|0\.5|1): (?!unfinished)")  # as `games.shogi.records` writes it
_WINNERS = {"1": 0, "0": 1, "0.5": None}
_PLACED = re.compile(r"([0-9])([0-9])([A-Z]{2})")


def split_csa(text: str) -> Iterator[RecordEntry]:
    """Yield the games of a file; a line "/" stands between them."""
    for number, game in enumerate(filter(str.strip, re.split(r"(?m)^/\s*$", text)), start=1):
        yield RecordEntry(number, game)


def read_csa(text: str, _initial: Position) -> RecordedGame:
    """Return a game of CSA. Raises BadPosition for a line that says nothing in CSA."""
    names = ["", ""]
    diagram = Diagram()
    set_up = False
    moves: list[str] = []
    head: dict[str, str] = {}
    end, result = "", None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(("N+", "N-")):
            names["+-".index(line[1])] = line[2:].strip()
            continue
        if line.startswith("$"):
            name, _, value = line[1:].partition(":")
            head.setdefault(name.strip(), value)
        if written := _RESULT.match(line):
            result = written[1]
        if line.startswith(("'", "$", "V")):
            continue
        for statement in filter(None, map(str.strip, line.split(","))):
            if statement.startswith("%"):
                end = end or statement[1:]
                break
            if statement in ("+", "-"):
                diagram.mover = "+-".index(statement)
            elif _MOVE.fullmatch(statement):
                moves.append(statement)
            elif statement.startswith("P"):
                diagram, set_up = (
                    _placed(diagram, line.rstrip("\r\n") if statement[1:2].isdecimal() else statement),
                    True,
                )
            elif not statement.startswith("T"):
                raise BadPosition(f"cannot read the CSA: line {number} is {statement[:20]!a}")
    if not moves and not set_up:
        raise BadPosition("there is no game in it: CSA has a position (PI) and moves such as +7776FU")
    if not set_up:
        diagram = Diagram.initial()
        diagram.mover = "+-".index(moves[0][0])
    sfen = diagram.sfen()
    winner, ending = _end(end, mover_behind(sfen, moves))
    if result is not None and (not ending.has_result or winner != _WINNERS[result]):
        winner, ending = _WINNERS[result], Ending.UNKNOWN
    event, date = told_name(head.get("EVENT", "")), told_date(head.get("START_TIME", ""))
    return recorded(sfen, moves, names, ToldGame(winner=winner, ending=ending, event=event, date=date))


def is_of_mover(record: GameRecord, mover: int) -> bool:
    """Return whether the files' word for how a game ended, which speaks of the player to move, names its winner. It
    does not where somebody resigned while the other one was to move."""
    if record.ending in (Ending.RESIGNATION, Ending.TIME_LOSS, Ending.ILLEGAL_MOVE, Ending.WRONG_REPLY, Ending.FORFEIT):
        return record.winner != mover
    return record.ending is not Ending.DECLARATION or record.winner == mover


def mover_behind(sfen: str, moves: Sequence[str]) -> int:
    """Return the player to move after these moves of both players in turn."""
    return (sfen.split()[1] == "w") ^ len(moves) & 1


def _end(word: str, mover: int) -> tuple[int | None, Ending]:
    """Return who won, and how, by the word that ends a game; `mover` is to move there."""
    if word in ("+ILLEGAL_ACTION", "-ILLEGAL_ACTION"):  # of black, of white, who loses by it
        return "-+".index(word[0]), Ending.UNKNOWN
    winner, ending = _ENDINGS.get(word, (None, Ending.UNTOLD))
    return None if winner is None else mover ^ winner, ending


def _placed(diagram: Diagram, statement: str) -> Diagram:
    """Return the diagram with what a statement P... puts on it or takes off."""
    kind, rest = statement[1:2], statement[2:]
    if kind == "I":
        initial = Diagram.initial()
        initial.mover = diagram.mover
        for file, rank, _ in _groups(statement, rest):
            initial.pieces.pop((int(file), int(rank)), None)
        return initial
    if kind in ("+", "-"):
        player = "+-".index(kind)
        for file, rank, name in _groups(statement, rest):
            if name == "AL":
                diagram.hold_the_rest(player)
            elif file == rank == "0":
                diagram.hands[_piece(name, player)] += 1
            else:
                diagram.pieces[int(file), int(rank)] = _piece(name, player)
        return diagram
    if not kind.isdecimal() or kind == "0":
        raise BadPosition(f"cannot read the CSA: {statement[:20]!a} is no position")
    cells = [rest[i : i + 3] for i in range(0, len(rest.rstrip()), 3)]
    if len(cells) > 9:
        raise BadPosition(f"cannot read the CSA: row {kind} has more than nine squares")
    for column, cell in enumerate(cells):
        if cell[:1] in ("+", "-"):
            diagram.pieces[9 - column, int(kind)] = _piece(cell[1:].strip(), "+-".index(cell[0]))
        elif cell.strip(" *"):
            raise BadPosition(f"cannot read the CSA: {cell!a} in row {kind} is no square")
    return diagram


def _groups(statement: str, text: str) -> list[tuple[str, str, str]]:
    groups = _PLACED.findall(text)
    if 4 * len(groups) != len(text.replace(" ", "")):
        raise BadPosition(f"cannot read the CSA: {statement[:20]!a} is no position")
    return groups


def _piece(name: str, player: int) -> str:
    if name not in _PIECES:
        raise BadPosition(f"cannot read the CSA: {name[:20]!a} is no piece")
    return _PIECES[name] if player == 0 else _PIECES[name].lower()


def recorded(sfen: str, moves: list[str], names: list[str], told: ToldGame) -> RecordedGame:
    """Return a game whose moves, as people write them, are checked by the rules. Raises BadPosition."""
    refuse_long(moves)
    position = ShogiPosition.from_text(sfen)
    start = position.text()
    texts = []
    for number, move in enumerate(moves, start=1):
        try:
            action = parse_written_move(position, move)
        except IllegalMove as error:
            raise BadRecordedMove(number, str(error)) from None
        if action is None:
            raise BadRecordedMove(number, f"{' '.join(move.split())[:20]!r} is no move")
        texts.append(position.action_text(action))
        position.push(action)
    name = " ".join(filter(None, names))
    return RecordedGame(None if start == START else start, tuple(texts), name, players=(names[0], names[1]), told=told)
