"""`EnvironmentSettings`: which environment, and how its steps and observations are made. No torch, no gymnasium."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from muzero_engine.dataclass_json import MAY_LACK, Rule

MOST_STEPS = 27_000  # of an episode that nothing else ends: half an hour of Atari, frames skipped (Machado et al. 2018)

MOST_SKIPPED = 1000  # steps of the environment in one of the run's, or before an episode's first
MOST_SECONDS = 86_400
FRAME_SKIP = Rule(lambda number: 1 <= number <= MOST_SKIPPED, f"a whole number from 1 to {MOST_SKIPPED}")
STICKY = Rule(lambda number: number <= 1, "a number up to 1")
NO_OPS = Rule(lambda number: 0 <= number <= MOST_SKIPPED, f"a whole number from 0 to {MOST_SKIPPED}")
STACK = Rule(lambda number: number >= 1, "a whole number from 1")
MAX_STEPS = Rule(lambda number: number >= 0, "a whole number from 0")
STEP_SECONDS = Rule(lambda number: 0 < number <= MOST_SECONDS, f"a number above 0 and at most {MOST_SECONDS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentSettings:
    """An environment as a run has it. What does not concern its kind of observation is ignored."""

    id: str = ""  # `registry.load_environment` says what it may be; empty: none, a board game is learnt
    frame_skip: Annotated[int, FRAME_SKIP] = 1  # the environment's own steps for each action, whose rewards add up; of
    # images the last two are shown as one, the brighter of each point (Mnih et al. 2015)
    sticky: Annotated[float, STICKY] = -1.0  # how likely each of these steps repeats the action before it (Machado et
    # al. 2018); negative: as the environment has it (MinAtar 0.1, ALE 0.25, others 0)
    no_ops: Annotated[int, NO_OPS] = 0  # at most so many steps of action 0 at the start, another number each episode
    life_ends: bool = field(
        default=False, metadata=MAY_LACK
    )  # in what is learnt nothing follows a lost life, where the environment tells lives (Atari); episodes go on
    size: int = 96  # rows and columns that images are resized to
    grey: bool = True  # images without their colours
    stack: Annotated[int, STACK] = 1  # newest observations that the network sees at once
    max_steps: Annotated[int, MAX_STEPS] = 0  # longer episodes are truncated; 0: at the environment's own limit, at
    # the latest at MOST_STEPS
    step_seconds: Annotated[float, STEP_SECONDS] = 60.0  # an environment that takes longer for a step counts as hung
    folder: str = field(
        default="", metadata=MAY_LACK
    )  # a file or module of one's own is looked for here and in this one
