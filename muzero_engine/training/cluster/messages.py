"""What the learner, its coordinator and the actors send each other. No torch here: the coordinator does without it."""

from __future__ import annotations

from dataclasses import dataclass

from muzero_engine.training.self_play.statistics import SelfPlayStatistics

Identity = dict[str, str]  # of plain words, so that programs of any version can read each other's


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayOrders:
    """What an actor must know to play, but for the weights."""

    config: str  # the run's settings, as JSON
    network: str  # the network's configuration, as JSON
    actor: int  # its number, which no other actor of this session had or will have
    seed: int  # of the session
    on_gpu: bool
    threads: int  # of a network on a processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What an actor hands over at once."""

    actor: int
    number: int  # of the actor's deliveries, from 1: the two numbers make sure that nothing is taken twice
    version: int  # of the weights that played the last move of all these games
    games: tuple[bytes, ...]  # those that ended, packed, those of one board together
    statistics: SelfPlayStatistics


@dataclass(frozen=True, slots=True)
class Joined:
    """The coordinator's first message."""

    where: str  # for people: the cluster that it joined
    began: bool  # whether it began one itself


@dataclass(frozen=True, slots=True)
class Weights:
    """What plays from now on."""

    version: int  # rises by one each time
    data: bytes  # a network's file (`network_bytes`)


@dataclass(frozen=True, slots=True)
class Demand:
    """What the learner wants of the coordinator, which answers at once with a `Harvest`."""

    plies: int  # that it takes now, about
    weights: Weights | None = None  # new ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """The coordinator's answer. What is in it counts as played: the learner puts it into the replay."""

    deliveries: tuple[Delivery, ...] = ()
    notes: tuple[str, ...] = ()  # lines for people
    actors: int = 0  # that play
    waiting: int = 0  # of them: without work, since the learner does not keep up
    staleness: float = 0.0  # versions, mean over the games that were handed over so far
    dropped: int = 0  # games that were too stale, so far


def difference(ours: Identity, theirs: Identity) -> str:
    """Return words on the first thing that is not the same; empty where all is."""
    for name, value in ours.items():
        if theirs.get(name) != value:
            return f"{name} is {theirs.get(name, 'unknown')} there and {value} here"
    return ""
