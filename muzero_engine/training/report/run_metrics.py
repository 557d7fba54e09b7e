"""The metrics of a run, `step_metrics` and what else is measured: one JSON object
a line in `RUN/metrics.jsonl`, one line a cycle, all of the same form.

Lines are appended and flushed, so that a kill costs at most the line being written; a last line without its end is not
read. A run that resumes drops the cycles after its checkpoint, which it will play again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from muzero_engine.dataclass_json import from_data, parse_json, to_data
from muzero_engine.files import make_folder, named, read_limited, write_atomically
from muzero_engine.ratings import Results, fit_ratings
from muzero_engine.training.report.episodes_record import EpisodesRecord
from muzero_engine.training.report.reliability import ReliabilityBin
from muzero_engine.training.report.step_metrics import Means, StepSummary

METRICS_FILE = "metrics.jsonl"
MOST_BYTES = 1 << 30  # of it
PRIOR_GAMES = 1.0  # for each pair that met, half won: early networks are often beaten to nothing
BEATEN = 0.99  # a scripted player is not met again after two scores like this in a row


class BadMetrics(ValueError):
    """A file that holds no metrics of a run; the message says which line and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayRecord:
    """Self-play of one cycle, all ranks together. Shares and means are of the games that ended, None without any."""

    games: int
    plies: int
    seconds: float  # of the cycle that went into self-play and the gradient steps taken meanwhile, rank 0
    length: float | None  # mean plies of a game
    first_wins: float | None  # share of games won by the player who began
    draws: float | None
    resigned: float | None
    capped: float | None  # share of games that reached the ply cap
    divergence: float  # KL(policy target || prior), mean over plies with a full search, nats
    resign_wrong: float | None  # share of the games that nobody may resign in which the first to want to did not lose
    full_plies: int | None = None  # of the plies: with a full search, which trains the policy; None: all


@dataclass(frozen=True, slots=True, kw_only=True)
class ReanalysisRecord:
    """Positions of the replay that got new targets in one cycle, all ranks together; means over them."""

    positions: int
    seconds: float  # of the cycle that went into it, rank 0
    divergence: float  # KL(new policy target || prior), nats
    value_change: float  # absolute difference of the new root value to the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchRecord:
    """Games of the current network, whose results these are, against one opponent."""

    opponent: str  # "random", "greedy" or a network: "net-STEP"
    wins: int
    draws: int
    losses: int

    @property
    def score(self) -> float:
        """Return the points a game, in [0, 1]."""
        return (self.wins + 0.5 * self.draws) / max(self.wins + self.draws + self.losses, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleRecord:
    """One cycle. Counts are of the whole run so far, all ranks together.

    Of an environment `games` are its episodes and `plies` its steps, also in `play`.
    """

    cycle: int
    step: int  # gradient steps
    games: int
    plies: int
    replay_plies: int  # in all windows that batches are drawn from
    seconds: float  # of training, earlier sessions included
    device_seconds: float  # the same times the number of ranks
    cycle_seconds: float
    simulations: int  # of self-play in this cycle
    positions: int  # that the batches of this cycle started from
    play: PlayRecord
    learn: StepSummary | None  # None while the replay fills
    held_out: Means | None  # of a batch of games that are not learnt from, after this cycle's steps; None without any
    reanalysis: ReanalysisRecord | None  # None without replay.reanalyse_share
    matches: tuple[MatchRecord, ...]  # empty in cycles without evaluation
    reliability: tuple[ReliabilityBin, ...] = ()  # of the same batch of held-out games; empty without any
    most_drawn_share: float | None = (
        None  # of the draws: what the tenth of the positions drawn most gets; None: a tenth
    )
    episodes: EpisodesRecord | None = None  # of self-play in an environment; None where none ended
    evaluation: EpisodesRecord | None = None  # of episodes played without noise; None in cycles without evaluation

    @property
    def evaluated(self) -> bool:
        """Return whether the cycle had an evaluation."""
        return bool(self.matches) or self.evaluation is not None

    def evaluation_lines(self) -> list[str]:
        """Return a line for people on each result of the evaluation."""
        lines = [
            f"step {self.step:,}: {match.score:.1%} against {match.opponent} "
            f"(+{match.wins} ={match.draws} -{match.losses})"
            for match in self.matches
        ]
        return lines if self.evaluation is None else [*lines, f"step {self.step:,}: {self.evaluation.sentence()}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluated:
    """What an evaluation found: matches of a game, episodes of an environment; neither where it was cut short."""

    matches: tuple[MatchRecord, ...] = ()
    episodes: EpisodesRecord | None = None


class MetricsLog:
    """Appends records to the metrics of a run, after those up to `cycle`."""

    def __init__(self, run: Path, *, cycle: int = 0, silent: bool = False) -> None:
        """Keep the cycles up to `cycle` of what is there. `silent`: another rank writes. Raises BadMetrics."""
        self._path = run / METRICS_FILE
        self.records = [record for record in read_records(run) if record.cycle <= cycle] if cycle else []
        self._file: TextIO | None = None
        if not silent:
            self._file = self._begun()

    def append(self, record: CycleRecord) -> None:
        """Write a record through to the system; all of them where the file is gone. Raises OSError."""
        self.records.append(record)
        if self._file is None:
            return
        if self._is_there(self._file):
            with named(self._path):
                self._file.write(_line(record))
                self._file.flush()
        else:
            self._file.close()
            self._file = self._begun()

    def close(self) -> None:
        """Close the file; no record can be appended afterwards."""
        if self._file is not None:
            with named(self._path):
                self._file.close()

    def _begun(self) -> TextIO:
        make_folder(self._path.parent)
        write_atomically(self._path, lines(self.records))
        return self._path.open("a", encoding="utf-8")

    def _is_there(self, file: TextIO) -> bool:
        try:
            return os.path.samestat(os.stat(self._path), os.fstat(file.fileno()))
        except FileNotFoundError:
            return False


def read_records(run: Path) -> list[CycleRecord]:
    """Return the records of a run, oldest first. Raises BadMetrics."""
    return read_lines(run / METRICS_FILE)


def read_lines(path: Path) -> list[CycleRecord]:
    """Return the records of a file, in its order. Raises BadMetrics."""
    try:
        text = read_limited(path, MOST_BYTES).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BadMetrics(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    records = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.endswith("\n"):
            break
        try:
            records.append(from_data(CycleRecord, parse_json(line, constants=True), "the line", ignored=True))
        except ValueError as error:
            raise BadMetrics(f"{path}, line {number}: {error}") from error
    return records


def lines(records: Iterable[CycleRecord]) -> bytes:
    """Return the bytes of a file with these records."""
    return "".join(map(_line, records)).encode()


def _line(record: CycleRecord) -> str:
    return json.dumps(to_data(record)) + "\n"


def ratings(records: Iterable[CycleRecord]) -> dict[str, float]:
    """Return the Elo of every network ("net-STEP") and scripted player whose games lead back to the first network,
    which has 0.

    Matches against a scripted player count up to the first score of BEATEN: later ones do not tell how far above it a
    network is. Where a run began with a network that has played no match itself (the run before ended between two),
    that network counts as the newest one that has.
    """
    results: list[Results] = []
    beaten: set[str] = set()
    newest, stands_for = "net-0", {"net-0": "net-0"}
    for record in records:
        name = f"net-{record.step}"
        for match in record.matches:
            opponent = match.opponent
            if opponent.startswith("net-"):
                opponent = stands_for.setdefault(opponent, newest)
            elif opponent in beaten:
                continue
            elif match.score >= BEATEN:
                beaten.add(opponent)
            results.append(Results(name, opponent, match.wins, match.draws, match.losses))
        if record.matches:
            newest = stands_for[name] = name
    fit = fit_ratings(results, {"net-0": 0.0}, prior_games=PRIOR_GAMES)
    return {name: rating.elo for name, rating in fit.players.items()}
