"""Queries of KataGo's JSON analysis protocol, read and checked.

After https://github.com/lightvector/KataGo/blob/master/docs/Analysis_Engine.md. What is read: id, moves, initialStones,
initialPlayer, rules, komi, whiteHandicapBonus, boardXSize, boardYSize, analyzeTurns, maxVisits, avoidMoves, allowMoves,
reportDuringSearchEvery, priority, priorities, the flags in `INCLUDED`, and the overrideSettings in `_SETTINGS`.
Other fields and settings have no effect and give a warning. Rules that the engine cannot play (territory scoring is
KaTrain's default) give a warning, too, and are replaced by area scoring.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from muzero_engine.games.base import MOST_KOMI, BadPosition, IllegalMove, Shape
from muzero_engine.games.bitsets import point_set
from muzero_engine.games.go.actions import parse_vertex, pass_action, vertex_text
from muzero_engine.games.go.handicap import handicap_stones
from muzero_engine.games.go.rule_sets import BadRules, Rules, UnplayableRules
from muzero_engine.games.go.rules import BLACK, DEFAULT_KOMI, LARGEST, SMALLEST, WHITE, GoPosition
from muzero_engine.protocols.gtp.params import MOST_NOISE, PV_LENGTH
from muzero_engine.protocols.katago.game import Playback, QueriedGame

_PLAYERS = {"b": BLACK, "black": BLACK, "w": WHITE, "white": WHITE}
INCLUDED = frozenset(  # flags of a query
    """includeOwnership includeOwnershipStdev includeMovesOwnership includeMovesOwnershipStdev includePolicy
    includePVVisits includeNoResultValue""".split()
)
_FIELDS = INCLUDED | frozenset(
    """id moves initialStones initialPlayer rules komi whiteHandicapBonus boardXSize boardYSize analyzeTurns maxVisits
    avoidMoves allowMoves reportDuringSearchEvery priority priorities analysisPVLen overrideSettings""".split()
)
_SETTINGS = frozenset(
    {"maxVisits", "maxTime", "analysisPVLen", "reportAnalysisWinratesAs", "wideRootNoise", "analysisWideRootNoise"}
)
RESTRICTIONS = ("avoidMoves", "allowMoves")
EVERY = -1  # the set of all actions
MOST_MOVES = 4_000  # no game is longer
MOST_WARNINGS = 20  # of one query
_COUNTED = re.compile(r"\(\s*([0-9]{1,4})\s*,\s*([0-9]{1,4})\s*\)", re.ASCII)
_VIEWS = ("BLACK", "WHITE", "SIDETOMOVE")


class QueryError(ValueError):
    """A query that cannot be answered; `field` is the part that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A checked query: nothing that is legal to ask of it fails later."""

    id: str
    game: QueriedGame
    turns: array[int]  # each once, as they were named
    priorities: tuple[int, ...]  # of each turn
    allowed: tuple[int, int] = (EVERY, EVERY)  # actions that each player may begin with, as sets
    max_visits: int | None = None
    max_time_s: float | None = None
    report_every_s: float | None = None
    include: frozenset[str] = frozenset()  # what is told beside the moves, by KataGo's names of the flags
    wide_root_noise: float = 0.0
    pv_length: int = PV_LENGTH  # moves of a variation after its first
    friendly_pass_ok: bool = True  # dead stones need not be captured, see `rule_sets.Rules`
    view: str = "BLACK"  # whose view values have: BLACK, WHITE or SIDETOMOVE
    warnings: tuple[tuple[str, str], ...] = ()  # (field, message)

    def root_actions(self, position: GoPosition) -> tuple[int, ...] | None:
        """Return the actions that a search of a position may begin with, None for all legal ones."""
        allowed = self.allowed[position.mover]
        if allowed == EVERY:
            return None
        return tuple(action for action in position.legal_actions().tolist() if allowed >> action & 1)


def parse_query(fields: Mapping[str, Any], query_id: str) -> Query:
    """Read the query of a JSON object. Raises QueryError."""
    settings = fields.get("overrideSettings", {})
    if not isinstance(settings, dict):
        raise QueryError("overrideSettings", "must be an object")
    rules, warnings = _rules(fields)
    start = _start(fields)
    moves = _coloured(fields, "moves", start.shape)
    if len(moves) > MOST_MOVES:
        raise QueryError("moves", f"must be {MOST_MOVES} at most")
    handicap = handicap_stones(start.stones(BLACK), start.stones(WHITE), moves, start.shape)
    try:
        start.set_komi(start.komi + rules.handicap_bonus(handicap))
    except BadPosition as error:
        raise QueryError("komi", str(error)) from None
    numbers = whole_numbers(fields, "analyzeTurns") if "analyzeTurns" in fields else [len(moves)]
    if not numbers or not all(0 <= number <= len(moves) for number in numbers):
        raise QueryError("analyzeTurns", f"must be turns from 0 to {len(moves)}")
    priorities = whole_numbers(fields, "priorities") if "priorities" in fields else []
    if priorities and len(priorities) != len(numbers):
        raise QueryError("priorities", "must be as many as analyzeTurns")
    priority = int(_number(fields, "priority", default=0.0, low=-(2**31)) or 0)
    game = _game(start, moves, _player(fields, "initialPlayer"))
    named: dict[int, int] = {}
    for i, number in enumerate(numbers):
        named.setdefault(number, priorities[i] if priorities else priority)  # one that is named twice is analysed once
    visits = _number(fields, "maxVisits", low=1.0) or _number(settings, "maxVisits", low=1.0)
    length = _number(fields, "analysisPVLen", low=1.0) or _number(settings, "analysisPVLen", low=1.0)
    view = str(settings.get("reportAnalysisWinratesAs", "BLACK")).upper()
    if view not in _VIEWS:
        raise QueryError("overrideSettings", f"reportAnalysisWinratesAs must be {', '.join(_VIEWS)}")
    noise = _number(settings, "wideRootNoise", low=0.0, high=MOST_NOISE)
    if noise is None:
        noise = _number(settings, "analysisWideRootNoise", low=0.0, high=MOST_NOISE)
    allowed, restricted = _allowed(_restrictions(fields, game.shape), game, named)
    return Query(
        id=query_id,
        game=game,
        turns=array("H", named),
        priorities=tuple(named.values()),
        allowed=allowed,
        max_visits=None if visits is None else int(visits),
        max_time_s=_number(settings, "maxTime", low=0.001),
        report_every_s=_number(fields, "reportDuringSearchEvery", low=0.001),
        include=frozenset(name for name in sorted(INCLUDED) if _flag(fields, name)),
        wide_root_noise=noise or 0.0,
        pv_length=int(length or PV_LENGTH),
        friendly_pass_ok=rules.friendly_pass_ok,
        view=view,
        warnings=(*warnings, *restricted, *_unused(fields, settings)),
    )


def _unused(fields: Mapping[str, Any], settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return (field, warning) of each field and setting that has no effect."""
    without_effect = "is unknown or has no effect here"
    unused = [(name, f"field {name!r:.60} {without_effect}") for name in fields if name not in _FIELDS]
    others = [name for name in settings if name not in _SETTINGS]
    unused += [("overrideSettings", f"setting {name!r:.60} {without_effect}") for name in others]
    more = len(unused) - MOST_WARNINGS
    return unused if more <= 0 else [*unused[:MOST_WARNINGS], (unused[MOST_WARNINGS][0], f"{more} more have no effect")]


def _rules(fields: Mapping[str, Any]) -> tuple[Rules, list[tuple[str, str]]]:
    if "rules" not in fields:
        raise QueryError("rules", "must be given: a name such as chinese, or an object")
    rules_field, bonus = fields["rules"], fields.get("whiteHandicapBonus")
    warnings = []
    try:
        try:
            if not isinstance(rules_field, (str, dict)):
                raise BadRules("must be a name or an object")
            rules = Rules.parse(rules_field) if isinstance(rules_field, str) else Rules.of_fields(rules_field)
        except UnplayableRules as error:
            rules = Rules()
            warnings.append(("rules", f"{error}; the position is analysed with area scoring"))
        if bonus is not None:
            rules = rules.with_field("whiteHandicapBonus", str(bonus))
    except BadRules as error:
        raise QueryError("rules", str(error)) from None
    return rules, warnings


def _start(fields: Mapping[str, Any]) -> GoPosition:
    """Return the first position, black to move unless there are only black stones, without points for handicap."""
    sizes = []
    for name in ("boardYSize", "boardXSize"):
        size = _number(fields, name, low=SMALLEST, high=LARGEST)
        if size is None or size != int(size):
            raise QueryError(name, f"must be a whole number from {SMALLEST} to {LARGEST}")
        sizes.append(int(size))
    shape = (sizes[0], sizes[1])
    stones = _coloured(fields, "initialStones", shape)
    black, white = ([action for colour, action in stones if colour == side] for side in (BLACK, WHITE))
    komi = _number(fields, "komi", low=-MOST_KOMI, high=MOST_KOMI)
    if komi is not None and 2.0 * komi % 1.0:
        raise QueryError("komi", "must be a whole or a half number")
    try:
        return GoPosition(
            shape,
            black=black,
            white=white,
            mover=WHITE if black and not white else BLACK,
            komi=DEFAULT_KOMI if komi is None else komi,
        )
    except BadPosition as error:
        raise QueryError("initialStones", str(error)) from None


def _game(start: GoPosition, moves: list[tuple[int, int]], first: int | None) -> QueriedGame:
    """Return the game of these (colour, action), all of which can be played."""
    game = QueriedGame.of(start, moves, start.mover if first is None else first)
    playback = Playback()
    try:
        playback.at(game, len(moves))
    except IllegalMove as error:
        i = playback.position.ply
        raise QueryError("moves", f"Illegal move {i}: {vertex_text(moves[i][1], start.shape)} ({error})") from None
    return game


@dataclass(frozen=True, slots=True)
class _Restriction:
    """An entry of `avoidMoves` or `allowMoves`."""

    field: str
    player: int
    actions: int  # as a set
    depth: float  # plies that it is asked for; here it is of the first alone


def _restrictions(fields: Mapping[str, Any], shape: Shape) -> list[_Restriction]:
    restrictions = []
    for name in RESTRICTIONS:
        for entry in _list(fields, name):
            if not isinstance(entry, dict):
                raise QueryError(name, "must be a list of objects")
            actions = point_set(_action(vertex, shape, name) for vertex in _list(entry, "moves"))
            player, depth = _player(entry, "player"), _number(entry, "untilDepth", low=1.0)
            if player is None or depth is None or "moves" not in entry:
                raise QueryError(name, "each must have player, moves and untilDepth")
            restrictions.append(_Restriction(name, player, actions, depth))
    return restrictions


def _allowed(
    restrictions: Sequence[_Restriction], game: QueriedGame, turns: Iterable[int]
) -> tuple[tuple[int, int], list[tuple[str, str]]]:
    """Return the sets of actions that are left to each player at these turns, and (field, warning) of what has no
    effect."""
    if not restrictions:
        return (EVERY, EVERY), []
    movers = {game.mover(turn) for turn in turns}
    warnings: dict[tuple[str, str], None] = {}
    for one in restrictions:
        if one.player not in movers:
            warnings[one.field, "has no effect here for the player who is not to move"] = None
        elif one.depth > 1:
            warnings[one.field, "is kept in the first move of a variation, whatever untilDepth says"] = None
    left = [EVERY, EVERY]
    blamed = ["", ""]
    for mover in movers:
        left[mover], blamed[mover] = _left_to(mover, restrictions)
    playback = Playback()
    for turn in sorted(turns):
        mover = game.mover(turn)
        if left[mover] != EVERY and not point_set(playback.at(game, turn).legal_actions().tolist()) & left[mover]:
            raise QueryError(blamed[mover], "no legal move is left to analyse")
    return (left[BLACK], left[WHITE]), list(warnings)


def _left_to(mover: int, restrictions: Iterable[_Restriction]) -> tuple[int, str]:
    """Return the set of actions that are left to a player, and the field that leaves no more."""
    avoided, allowed = 0, EVERY
    for one in restrictions:
        if one.player != mover:
            continue
        if one.field == "avoidMoves":
            avoided |= one.actions
        else:
            allowed = one.actions if allowed == EVERY else allowed | one.actions
    return allowed & ~avoided, "avoidMoves" if avoided else "allowMoves"


def _coloured(fields: Mapping[str, Any], name: str, shape: Shape) -> list[tuple[int, int]]:
    """Return (colour, action) of each [player, vertex] pair."""
    result = []
    for entry in _list(fields, name):
        if not (isinstance(entry, list) and len(entry) == 2 and str(entry[0]).lower() in _PLAYERS):
            raise QueryError(name, 'must be a list of pairs such as ["B","Q4"]')
        action = _action(entry[1], shape, name)
        if name == "initialStones" and action == pass_action(shape):
            raise QueryError(name, "a stone needs a point, not pass")
        result.append((_PLAYERS[str(entry[0]).lower()], action))
    return result


def _action(vertex: object, shape: Shape, name: str) -> int:
    """Return the action of a vertex, or of "(column, row)" as KataGo counts them: from 0, the top row first."""
    text = str(vertex)
    if counted := _COUNTED.fullmatch(text.strip()):
        column, row = int(counted[1]), int(counted[2])
        if column < shape[1] and row < shape[0]:
            return row * shape[1] + column
    try:
        return parse_vertex(text, shape)
    except IllegalMove as error:
        raise QueryError(name, str(error)) from None


def _player(fields: Mapping[str, Any], name: str) -> int | None:
    if name not in fields:
        return None
    try:
        return _PLAYERS[str(fields[name]).lower()]
    except KeyError:
        raise QueryError(name, "must be B or W") from None


def _list(fields: Mapping[str, Any], name: str) -> list[Any]:
    value = fields.get(name, [])
    if not isinstance(value, list):
        raise QueryError(name, "must be a list")
    return value


def whole_numbers(fields: Mapping[str, Any], name: str) -> list[int]:
    """Return a list of a query. Raises QueryError."""
    values = _list(fields, name)
    if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        raise QueryError(name, "must be a list of whole numbers")
    return [int(value) for value in values]


def _number(
    fields: Mapping[str, Any], name: str, *, default: float | None = None, low: float, high: float = 2.0**31
) -> float | None:
    value = fields.get(name, default)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise QueryError(name, "must be a number")
    if not low <= value <= high:
        raise QueryError(name, f"must be a number from {low:g} to {high:g}")
    return float(value)


def _flag(fields: Mapping[str, Any], name: str) -> bool:
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise QueryError(name, "must be true or false")
    return value
