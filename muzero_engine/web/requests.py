"""What the page asks of the server, one JSON object a message: {"ask": NAME, "id": NUMBER, "about": {...}}.

A request that does not fit its dataclass is answered by a sentence; nothing in it is ever a name of a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from muzero_engine.dataclass_json import BadData, Rule, from_data, is_line, parse_json
from muzero_engine.games.record import ToldGame, Winner

MAX_MESSAGE = 4 << 20  # bytes: a record that is loaded, in base64
MAX_MOVES = 4000
MAX_LINE = 24  # moves that are imagined at once
MAX_TEXT = 4000  # characters of a position or a move

Text = Annotated[str, Rule(lambda text: len(text) <= MAX_TEXT, f"at most {MAX_TEXT} characters")]
Moves = Annotated[tuple[Text, ...], Rule(lambda moves: len(moves) <= MAX_MOVES, f"at most {MAX_MOVES} moves")]
LineMoves = Annotated[tuple[Text, ...], Rule(lambda moves: len(moves) <= MAX_LINE, f"at most {MAX_LINE} moves")]
Seconds = Annotated[float, Rule(lambda s: 0 < s <= 86_400, "more than 0 and at most 86400 seconds")]
ClockSeconds = Annotated[float, Rule(lambda s: 0 <= s <= 86_400, "0 to 86400 seconds")]
Lines = Annotated[int, Rule(lambda n: 1 <= n <= 20, "1 to 20")]
ShownBranches = Annotated[int, Rule(lambda n: 0 <= n <= 400, "0 to 400")]
Nodes = Annotated[int, Rule(lambda n: 1 <= n <= 10_000_000, "1 to 10000000")]
AskedElo = Annotated[int, Rule(lambda n: -10_000 <= n <= 10_000, "-10000 to 10000")]
PlayerName = Annotated[
    str, Rule(lambda text: len(text) <= 10_000 and is_line(text), "one line of at most 10,000 characters")
]
Moment = Annotated[float, Rule(lambda s: 0 <= s < 1 << 32, "seconds since 1970")]
Size = Annotated[int, Rule(lambda n: 1 <= n <= 99, "1 to 99")]
Komi = Annotated[float, Rule(lambda k: math.isfinite(k) and abs(k) <= 1000, "-1000 to 1000")]
HandicapStones = Annotated[int, Rule(lambda n: 2 <= n <= 9, "2 to 9")]


class BadRequest(ValueError):
    """A request that cannot be answered; the message says why. `number` is its id, 0 where it has none."""

    def __init__(self, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.number = number


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A position: how its game began, and the moves since then in the protocol's words."""

    game: Text
    start: Text = ""  # as `Game.from_text` reads it; empty: the beginning of the game
    size: Size | None = None  # lines of the board, where the game has several
    komi: Komi | None = None
    handicap: HandicapStones | None = None
    moves: Moves = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRequest:
    """Show a position."""

    where: Where
    line: bool = False  # with all moves as people write them
    kanji: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequest:
    """Say which move a text is."""

    where: Where
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class GoRequest:
    """Search a position. Without a limit until it is stopped."""

    where: Where
    seconds: Seconds | None = None
    nodes: Nodes | None = None
    clock: ClockSeconds | None = None  # left to the player to move
    increment: ClockSeconds = 0.0
    elo: AskedElo | None = None  # None: as strong as it can
    lines: Lines = 1  # with a variation
    branches: ShownBranches = 0  # of the tree, in every report
    analysis: bool = False  # look at more moves than a game needs
    plays: bool = True  # what is found is a move of the game
    kanji: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagineRequest:
    """Show what the model imagines along a line."""

    where: Where
    moves: LineMoves
    kanji: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonsRequest:
    """Say how far ahead the model sees in a game: from each of its positions, along its moves."""

    where: Where


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRequest:
    """Read what was pasted or chosen: a position or a game, in base64."""

    data: str
    game: Text = ""  # empty: find out
    number: Annotated[int, Rule(lambda n: 1 <= n <= 1_000_000, "1 to 1000000")] = 1  # of the game in it


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRequest:
    """Write a game."""

    where: Where
    suffix: Text
    names: tuple[PlayerName, PlayerName] = ("", "")
    winner: Winner | None = None
    reason: Text = ""  # how it ended; empty: by the rules, or not at all
    began: Moment | None = None  # when its first move was played here
    told: ToldGame | None = None  # what a file said of this game, where it was loaded and not played on


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingMore:
    """A request that is its name."""


Request = (
    ShowRequest | MoveRequest | GoRequest | ImagineRequest | HorizonsRequest | LoadRequest | SaveRequest | NothingMore
)

_KINDS: dict[str, type[Request]] = {
    "hello": NothingMore,
    "show": ShowRequest,
    "move": MoveRequest,
    "go": GoRequest,
    "stop": NothingMore,
    "imagine": ImagineRequest,
    "horizons": HorizonsRequest,
    "load": LoadRequest,
    "save": SaveRequest,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came: its name, the number that answers bear, and what it is about."""

    ask: str
    id: int
    request: Request


def read_request(text: str | bytes) -> Asked:
    """Return the request of a message. Raises BadRequest."""
    try:
        data = parse_json(text)
    except ValueError:
        raise BadRequest("a request is one JSON object") from None
    if not isinstance(data, dict) or not isinstance(data.get("ask"), str):
        raise BadRequest('a request is an object with "ask"')
    ask, number, about = data["ask"], data.get("id", 0), data.get("about", {})
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**53:
        raise BadRequest('"id" is a number from 0')
    if ask not in _KINDS:
        raise BadRequest(f"there is no request {ask[:40]!a}: {', '.join(_KINDS)}", number)
    try:
        return Asked(ask, number, from_data(_KINDS[ask], about, "the request"))
    except BadData as error:
        raise BadRequest(f"{ask}: {error.path + ': ' if error.path else ''}{error}"[:300], number) from None
