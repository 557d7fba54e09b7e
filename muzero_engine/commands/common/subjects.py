"""What `train` is asked to learn: a board game (`--game`) or an environment (`--env`). No torch here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from muzero_engine.files import folder_name
from muzero_engine.training.config import TrainConfig
from muzero_engine.training.presets import environment_preset, preset


@dataclass(frozen=True, slots=True)
class Subject:
    """A game or an environment by its name."""

    name: str
    flag: str  # that chooses it
    preset_of: Callable[[str, str, Sequence[str]], TrainConfig]  # (its name, that of a preset, changes)
    after_export: str  # the command that shows what an exported network can do, but for --weights

    def preset(self, name: str, changes: Sequence[str] = ()) -> TrainConfig:
        """Return the preset of this name for it, with these changes. Raises BadSettings, BadEnvironment."""
        return self.preset_of(self.name, name, changes)

    @property
    def folder_name(self) -> str:
        """Return its name without what folders cannot have in theirs."""
        return folder_name(self.name)

    def same_as(self, config: TrainConfig) -> bool:
        """Return whether a run of this configuration learns it."""
        return subject_of(config) == self


def game_subject(name: str) -> Subject:
    """Return a game of the registry."""
    return Subject(name, "--game", preset, f"play {name}")


def environment_subject(name: str) -> Subject:
    """Return an environment by its id."""
    return Subject(name, "--env", environment_preset, "watch")


def subject_of(config: TrainConfig) -> Subject:
    """Return what a run of this configuration learns."""
    return environment_subject(config.name) if config.learns_environment else game_subject(config.name)
