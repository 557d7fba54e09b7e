"""Playing at a level, and playing with variety.

A level is a rating that was measured (`inference.levels`); people name it in several ways, and `Levels` makes the
settings of the search of all of them. How a level chooses among the moves is `level_weights`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from muzero_engine.arrays import Doubles
from muzero_engine.engine.options import (
    BadOption,
    EngineOptions,
    OptionInfo,
    all_options,
    find_option,
    protocol_options,
    without_effect,
)
from muzero_engine.engine.report import RootMove
from muzero_engine.games.base import EngineProtocol, Ranks, Shape
from muzero_engine.inference.levels import BadLevel, LevelSettings, LevelTable
from muzero_engine.search.config import SearchConfig
from muzero_engine.search.scoring import completed_q, sigma

_SEARCH = SearchConfig()
FULL_SKILL = 20  # as GUIs know it: full strength
FULL = "full"  # the level that is none
USUAL = EngineOptions()
WAYS = ("level", "limit_strength", "skill_level", "level_settings")  # in which options ask for a strength
LEAST_PRIOR = 1e-12
LEVEL_FIELDS = frozenset({"level", "limit_strength", "elo", "skill_level"})  # options that need measured levels
NO_LEVELS = "these weights have no measured levels: run muzero-engine calibrate, or play at full strength"


def ranks_of(ranks: Ranks | None, table: LevelTable | None) -> Ranks | None:
    """Return the ranks of a game, None where the ratings of a table are on another scale than theirs."""
    return ranks if ranks is None or table is None or ranks.scale in table.scale else None


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of the weights in use: `table` is None where there are none, `ranks` where people have none."""

    table: LevelTable | None = None
    ranks: Ranks | None = None
    why_none: str = NO_LEVELS

    def settings(self, options: EngineOptions) -> LevelSettings | None:
        """Return how the options want to be played, None for full strength.

        Raises BadOption for a level that these weights do not have, or that was not measured.
        """
        if not limited(options):
            return None
        try:
            if options.level_settings:
                return LevelSettings.parse(options.level_settings)
            elo = self.rating(options)
            if not self._measured().lowest <= elo <= self._measured().highest:
                raise BadLevel(
                    f"a level of {self.text(elo)} was not measured for these weights: choose one from "
                    f"{self._range_text()}"
                )
            return self._measured().settings(elo)
        except BadLevel as error:
            raise BadOption(str(error)) from None

    def check(self, options: EngineOptions) -> None:
        """Raise BadOption for a level that cannot be played, and for a rating that waits for `limit_strength`."""
        self.settings(options)
        if options.elo is not None and self.table is not None:
            self.settings(replace(options, level="", level_settings="", limit_strength=True))

    def rating(self, options: EngineOptions) -> float:
        """Return the rating that the options ask for. Raises BadLevel."""
        table = self._measured()
        if options.level.lower() not in ("", FULL):
            return self._named(options.level)
        if options.limit_strength:
            return float(middle(table) if options.elo is None else options.elo)
        return table.lowest + (table.highest - table.lowest) * options.skill_level / (FULL_SKILL - 1)

    def text(self, elo: float) -> str:
        """Write a rating for people: "1450 Elo", "1300 Elo, about 11 kyu"."""
        rank = "" if self.ranks is None else f", about {self.ranks.name(elo)}"
        return f"{elo:.0f} Elo{rank}"

    def offered(self, protocol: EngineProtocol, options: EngineOptions) -> list[tuple[OptionInfo, Any]]:
        """Return the options that a protocol offers and their values: those of levels only where there are any, and
        ratings only as far as they were measured."""
        infos = [
            self.fitted(info)
            for info in protocol_options(protocol)
            if self.table is not None or info.field not in LEVEL_FIELDS
        ]
        shown = options
        if options.elo is None and self.table is not None:
            shown = replace(options, elo=middle(self.table))
        return [(info, getattr(shown, info.field)) for info in infos]

    @property
    def range(self) -> tuple[int, int]:
        """Return the lowest and the highest rating that can be played. Raises BadLevel without a table."""
        table = self._measured()
        return math.ceil(table.lowest), math.floor(table.highest)

    @property
    def ranks_in_range(self) -> dict[str, int]:
        """Return the rating of each rank that can be played, weakest first; none where people have none.

        Raises BadLevel without a table.
        """
        low, high = self.range
        if self.ranks is None:
            return {}
        kyu, dan = range(self.ranks.weakest_kyu, 0, -1), range(1, self.ranks.highest_dan + 1)
        ratings = {name: self.ranks.elo(name) for name in [*(f"{n} kyu" for n in kyu), *(f"{n} dan" for n in dan)]}
        return {name: round(elo) for name, elo in ratings.items() if elo is not None and low <= round(elo) <= high}

    def _range_text(self) -> str:
        low, high = self.range
        ranks = "" if self.ranks is None else f" (about {self.ranks.name(low)} to {self.ranks.name(high)})"
        return f"{low} to {high}{ranks}"

    def fitted(self, info: OptionInfo) -> OptionInfo:
        """Return an option as it is offered: the rating with the range of what was measured."""
        if info.field != "elo" or self.table is None:
            return info
        low, high = self.range
        return replace(info, minimum=low, maximum=high, default=middle(self.table))

    def measured_elsewhere(self, board: Shape) -> str | None:
        """Return a sentence where the levels were measured on another board, else None."""
        if self.table is None or self.table.board in (None, board):
            return None
        measured, here = ("x".join(map(str, shape)) for shape in (self.table.board, board))
        return f"levels were measured on {measured}: how strong they are on {here} is not known"

    def as_set_last(
        self, protocol: EngineProtocol, name: str, options: EngineOptions
    ) -> tuple[EngineOptions, str | None]:
        """Return options of which the one of this name was set last, without what it takes the place of: of several
        strengths the last one counts. And a sentence where something has no effect now, else None.

        Raises KeyError for an unknown name.
        """
        info = find_option(protocol, name)
        asks = _asks(options, info.field)
        if asks and info.field in WAYS:
            others = [way for way in WAYS if way != info.field and _asks(options, way)]
            told = [_name(way, protocol) for way in others if not (way == "level" and options.level.lower() == FULL)]
            usual: dict[str, Any] = {way: getattr(USUAL, way) for way in others}
            options = replace(options, **usual)
            if told:
                return options, f"{name} takes the place of {' and '.join(told)}"
        if asks and info.field in (*WAYS, "temperature") and limited(options) and _asks(options, "temperature"):
            return options, f"{_name('temperature', protocol)} has no effect at a level"
        return options, without_effect(protocol, name, options, self.fitted)

    def _measured(self) -> LevelTable:
        if self.table is None:
            raise BadLevel(self.why_none)
        return self.table

    def _named(self, text: str) -> float:
        match = re.fullmatch(r"(-?[0-9]{1,5})(?:\s*elo)?", text.strip().lower())
        if match is not None:
            return float(match[1])
        elo = None if self.ranks is None else self.ranks.elo(text)
        if elo is None:
            what = "a rating" if self.ranks is None else "a rating or a rank such as 8k"
            raise BadLevel(f"{text!a:.40} is no level: write {what}, from {self._range_text()}")
        return elo


def _asks(options: EngineOptions, field: str) -> bool:
    return bool(getattr(options, field) != getattr(USUAL, field))


def _name(field: str, protocol: EngineProtocol) -> str:
    info = next(info for info in all_options() if info.field == field)
    return next(iter(info.names(protocol)), "the strength of the command line")


def limited(options: EngineOptions) -> bool:
    """Return whether the options ask for a level."""
    if options.level_settings or options.limit_strength or options.skill_level < FULL_SKILL:
        return True
    return options.level.lower() not in ("", FULL)


def at_full_strength(options: EngineOptions) -> EngineOptions:
    """Return the options without a level."""
    return replace(options, level="", level_settings="", limit_strength=False, elo=None, skill_level=FULL_SKILL)


def middle(table: LevelTable) -> int:
    """Return the rating that is played where none is named."""
    return round((table.lowest + table.highest) / 2)


def level_weights(moves: Sequence[RootMove], value: float, settings: LevelSettings) -> Doubles:
    """Return with which probability a level plays each of the moves, float64[n].

    The base is the policy after the search: the network's, each move raised as far as its completed Q is better
    (Danihelka et al. 2022, equation 11); after one simulation it is the network's own. A win by the rules is always
    taken and a loss by the rules never, where there is another move: both are seen without any search. `value` is the
    network's, of the root.
    """
    ends = [move.ends for move in moves]
    if 1.0 in ends:
        return np.array([float(end == 1.0) for end in ends]) / ends.count(1.0)
    prior = np.array([max(move.prior, LEAST_PRIOR) for move in moves])
    visits = np.array([move.visits if move.ends is None else max(move.visits, 1) for move in moves], dtype=np.int64)
    logits = np.log(prior)
    if sum(move.visits for move in moves) > 1:
        q = np.array([move.value for move in moves])
        completed = completed_q(value, prior / prior.sum(), q, visits)
        logits += sigma(completed, int(visits.max()), _SEARCH.c_visit, _SEARCH.c_scale)
    if not all(end == -1.0 for end in ends):
        logits = np.where([end == -1.0 for end in ends], -np.inf, logits)
    logits -= logits.max()
    if settings.temperature <= 0.0:
        return np.asarray(np.eye(len(moves))[int(logits.argmax())], dtype=np.float64)
    kept = logits >= (math.log(settings.cut) if settings.cut > 0.0 else -np.inf)
    odds = np.where(kept, np.exp(logits / settings.temperature), 0.0)
    return np.asarray(odds / odds.sum())


def sample_level_move(
    moves: Sequence[RootMove], value: float, settings: LevelSettings, rng: np.random.Generator
) -> int:
    """Return the index of the move that a level plays; at temperature 0 it is the first."""
    if settings.temperature <= 0.0:
        return 0
    return int(rng.choice(len(moves), p=level_weights(moves, value, settings)))


def sample_move(moves: tuple[RootMove, ...], temperature: float, rng: np.random.Generator) -> int:
    """Return the index of a move drawn with probability proportional to visits ** (1 / temperature).

    A win by the rules is always taken, a loss never if there is another move. Without visits or at temperature 0 it is
    the first.
    """
    if temperature <= 0.0 or moves[0].ends == 1.0 or moves[0].visits == 0:
        return 0
    lost = moves[0].ends == -1.0  # all are, then
    visits = np.array([move.visits if lost or move.ends != -1.0 else 0 for move in moves], dtype=np.float64)
    weights = (visits / visits.max()) ** (1.0 / temperature)
    return int(rng.choice(len(moves), p=weights / weights.sum()))
