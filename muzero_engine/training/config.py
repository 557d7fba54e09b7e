"""`TrainConfig`, all settings of a training run, as frozen dataclasses. Importing this module does not import torch.

The words: a *setting* is one value, `...Settings` are a group of them; a *configuration* is all settings of a run (of a
network: `network.config`, everything that decides its shape); a *preset* is a configuration that has a name
(`presets`). `settings_text` reads and writes them as text; `board_settings` says what follows from them for each board.

A run is a fixed cycle on every rank: play `SelfPlaySettings.plies_per_cycle` plies, then take
`LearnerSettings.steps_per_cycle` gradient steps on all ranks together. Counts are per rank unless a comment says
otherwise.

A run learns a board game or an environment (a one-player world with rewards). The groups are the same for both: to an
environment `games` are the copies of it that run at once, each playing one episode after the other, and a `ply` is a
step. What only one of the two has says so.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from muzero_engine.environments.settings import EnvironmentSettings
from muzero_engine.games.base import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchSettings:
    """Gumbel search in self-play (Danihelka et al. 2022).

    In games Q is in [-1, 1], so that c_scale is 1 (MiniZero's convention); in environments it is rescaled to [0, 1].
    """

    simulations: int = 32
    considered: int = 16  # m, root actions of sequential halving; an engine calls it `SearchConfig.considered_actions`
    children: int = 32  # K: children kept at a node below the root, those of highest prior
    depth: int = 0  # deepest leaf in plies; 0: no bound but the simulations
    c_visit: float = 50.0
    c_scale: float = 1.0
    min_range: float = 1e-8  # of Q among a node's actions, where it is rescaled, in steps of the support that values
    # are learnt on (`search.scoring.least_range`): a smaller one is noise and counts as this
    root_policy_temperature: float = 1.0  # of the prior at the roots of self-play: logits / temperature
    even_prior_share: float = 0.0  # of that prior: the same for all legal actions, so that none dies out
    target_actions: int = 32  # T: actions of the improved policy that are stored, those of highest probability

    def of_evaluations(self, simulations: int) -> SearchSettings:
        """Return the settings of a search that plays as well as it can: the prior at its roots is the network's."""
        return replace(self, simulations=simulations, root_policy_temperature=1.0, even_prior_share=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfPlaySettings:
    """How games are played to learn from: how many at once, from where, how moves are drawn, when to resign."""

    games: int = 4096  # played at once, in two groups that take turns (rules of one behind the search of the other)
    full_search_share: float = 1.0  # of a group's turns; in the others all its games have a fast search, which trains
    # the value alone (playout cap randomisation, Wu 2019, section 3.1; there 0.25)
    fast_simulations: int = 16  # of a fast search
    fast_considered: int = 8  # m of a fast search
    workers: int = 0  # rules processes; 0: on a GPU as many as there are cores, less one; on a CPU none
    plies_per_cycle: int = 65_536
    temperature_plies: int = 30  # plies at which the move is drawn from the improved policy; later the search's choice
    temperature: float = 1.0  # of these draws: improved policy ** (1 / temperature)
    random_share: float = 0.0  # of the steps of an environment: any action, as likely as the others, so that none is
    # forgotten before its value is known
    rare_share: float = 0.0  # of the plies of games: a legal action drawn in proportion to 1 / the network's prior (see
    # self_play.slot_group)
    opening_plies: int = 0  # at most so many uniformly random plies at the start (a different number each game)
    decisive_moves: bool = True  # the rules tell the search which root moves win or lose at once (see games.endings)
    resign_value: float = -0.95  # resign when the root value stays below this for `resign_turns` own turns
    resign_turns: int = 4
    no_resign_share: float = 0.1  # of the games, played to the end whatever happens
    branch_share: float = 0.0  # of the games: begin as the one before in their slot, up to the move that its search was
    # least sure of, and play the second choice there (see self_play.branches)
    max_plies: int = 0  # longer games end as draws (Go: are scored); 0: the game's own cap
    shapes: tuple[tuple[Shape, float], ...] = ()  # (board, share of the games); empty: the game's first board
    komi: float = 7.0  # Go: mean komi
    komi_spread: float = 0.0  # Go: standard deviation of komi, rounded to half points


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnSettings:
    """What the rewards of an environment add up to, and how far targets look ahead; board games have results."""

    discount: float = 0.997  # of the reward one step later (Schrittwieser et al. 2020, appendix G)
    support: int = 30  # S: values and rewards are distributions over the whole numbers from -S to S, which stand for
    # h(x) = sign(x) (sqrt(|x| + 1) - 1) + 0.001 x (appendix F; there 300): 30 reaches 930
    n_step: int = 5  # rewards of a value target, before the search's value takes over (appendix G: 10)
    renewed_values: float = 0.0  # steps whose value, which targets bootstrap from, is made anew by the newest network,
    # without a search, for each step played
    clip_rewards: bool = False  # learnt from as -1, 0 or 1 (Mnih et al. 2015); returns that are told stay whole


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaySettings:
    """How many plies are kept and which of them are drawn to learn from."""

    capacity_plies: int = 4_000_000  # of the ring on the device
    min_plies: int = 100_000  # before the first gradient step
    window_exponent: float = 0.75  # the window grows with (plies ever stored) ** this, up to the capacity
    reanalyse_share: float = 0.0  # positions searched again with newer weights for each ply played
    policy_surprise_share: float = 0.0  # of the draws, by KL(policy target || prior) (KataGo 0.5); the rest is even
    value_surprise_share: float = 0.0  # of the draws, by |root value - network's value| (KataGo 0.1)

    @property
    def draws_by_surprise(self) -> bool:
        """Return whether some positions are drawn more often than others."""
        return self.policy_surprise_share + self.value_surprise_share > 0

    @property
    def first_plies(self) -> int:
        """Return the plies from which on batches are drawn: `min_plies`, or half the capacity if that is less."""
        return max(1, min(self.min_plies, self.capacity_plies // 2))

    def window_share(self, stored: int) -> float:
        """Return the share of the `stored` plies that ever came in which batches are drawn from, in (0, 1]."""
        return float(max(1.0, stored / max(1, self.min_plies)) ** (self.window_exponent - 1))


HORIZONS = (6.0, 16.0, 50.0)  # plies, of the values soon after, as in KataGo


class Optimiser(enum.Enum):
    """What turns gradients into steps."""

    ADAMW = "adamw"
    SGD = "sgd"


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnerSettings:
    """Batches, steps, learning rate, and what each loss weighs."""

    batch_size: int = 1024
    steps_per_cycle: int = 64
    unroll: int = 5  # U: unroll steps of g after each position
    optimiser: Optimiser = Optimiser.ADAMW
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-4  # reached by a cosine over the run
    warmup_steps: int = 500
    weight_decay: float = 1e-4
    momentum: float = 0.9  # SGD
    clip_norm: float = 5.0
    ema_decay: float = 0.998  # of the weights that play
    root_value_share: float = 0.33  # of the value target; the rest is the game's result (dlshogi 0.333)
    policy_weight: float = 1.0
    value_weight: float = 1.0
    outcome_weight: float = 1.0
    consistency_weight: float = 0.0  # EfficientZero: 2
    decoder_weight: float = 0.0  # the newest frame back from the latents
    ownership_weight: float = 0.15  # Go
    soft_policy_weight: float = 0.0  # KataGo's auxiliary soft policy target
    short_value_weight: float = 0.0  # of values after about 6, 16 and 50 plies (see replay.short_values)
    symmetries: bool = True
    shift: int = 0  # images are seen moved by up to so many points to each side, by another number each time
    # (Kostrikov et al. 2020 and EfficientZero: 4)
    compile: bool = True  # torch.compile on CUDA

    @property
    def needs_later_observation(self) -> bool:
        """Return whether batches must hold the observation after one of the unrolled steps."""
        return self.consistency_weight > 0 or self.decoder_weight > 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationSettings:
    """How often the newest network plays older ones and scripted players, or episodes without noise, and how."""

    every_cycles: int = 8  # 0: never
    games: int = 256  # against each opponent, paired openings with colours swapped; of an environment: episodes
    simulations: int = 32
    opening_plies: int = 4
    against_scripted: bool = True  # random and, where the game has one, `Game.greedy`
    max_steps: int = 0  # of an episode in an environment, which is cut off there; 0: where the environment ends it
    random_share: float = 0.0  # of the steps of an episode: any action, without which episodes are all alike where
    # nothing in an environment happens by chance (Atari without sticky actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    """The size of the network: channels of all its towers, residual blocks of h and of g."""

    channels: int = 96
    representation_blocks: int = 8
    dynamics_blocks: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterSettings:
    """Self-play by actors on several machines (`train --cluster`); without that flag nothing of it counts."""

    actors: int = 0  # at most so many at once; 0: as many as the machines have room for
    cores: int = 1  # of an actor without a GPU
    games: int = 64  # that an actor without a GPU plays at once, at most self_play.games; even
    delivery_seconds: float = 2.0  # about so often an actor hands over the games that ended
    staleness: int = 8  # versions of the weights that came out since a game's last move; staler games are dropped
    silence: float = 120.0  # seconds without a sign of work after which an actor is ended and another one started


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """One run. `steps` gradient steps end it, or its `duration` if it has one; a time limit may interrupt it."""

    game: str = ""  # its name; empty: an environment is learnt, that of `environment.id`
    preset: str
    steps: int
    duration: float = 0.0  # seconds of all its cycles; 0: as many as the steps take
    seed: int = 1
    checkpoint_seconds: float = 120.0
    checkpoint_replay_mb: float = 45.0  # MB of replay in a checkpoint, all ranks together, newest games first; 0: none
    checkpoint_games: bool = True  # whether it holds the games in progress; without them new ones begin
    environment: EnvironmentSettings = field(default_factory=EnvironmentSettings)
    returns: ReturnSettings = field(default_factory=ReturnSettings)
    network: NetworkSettings = field(default_factory=NetworkSettings)
    search: SearchSettings = field(default_factory=SearchSettings)
    self_play: SelfPlaySettings = field(default_factory=SelfPlaySettings)
    replay: ReplaySettings = field(default_factory=ReplaySettings)
    learner: LearnerSettings = field(default_factory=LearnerSettings)
    evaluation: EvaluationSettings = field(default_factory=EvaluationSettings)
    cluster: ClusterSettings = field(default_factory=ClusterSettings)

    @property
    def learns_environment(self) -> bool:
        """Return whether an environment is learnt, not a board game."""
        return bool(self.environment.id)

    @property
    def name(self) -> str:
        """Return the name of the game or the environment that is learnt."""
        return self.environment.id or self.game
