"""A model that cheats: its latents name real positions, its value is material. For comparing searches without a net."""

from __future__ import annotations

import numpy as np

from muzero_engine.arrays import Floats, Ints
from muzero_engine.games.base import Position
from muzero_engine.games.encoding import turned
from muzero_engine.games.registry import load_game
from muzero_engine.model import InitialOutput, RecurrentOutput, top_policy

PIECE_VALUES = {
    "chess": (1.0, 3.0, 3.0, 5.0, 9.0, 0.0),
    # pawn, lance, knight, silver, bishop, rook, gold, king and the promoted pieces, by frame plane
    "shogi": (1.0, 3.0, 4.0, 5.0, 8.0, 10.0, 6.0, 0.0, 4.2, 6.0, 6.0, 6.0, 10.0, 12.0),
}
HAND_VALUES = (1.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class MaterialModel:
    """Perfect dynamics; value tanh(material / scale) plus noise fixed by the position; captures get a higher prior.

    `watch` must be told the root's position before a search. An illegal action loses at once.
    """

    latent_levels = 0

    def __init__(self, game: str, *, scale: float = 6.0, noise: float = 0.15) -> None:
        self._game = game
        spec = load_game(game).spec
        self._spec = spec
        self._actions = spec.num_actions(spec.shapes[0])
        table = load_game(game).action_table(spec.shapes[0])
        self._to = np.maximum(table.to_square, 0)
        self._values = np.array(PIECE_VALUES[game])
        self._scale, self._noise = scale, noise
        self._positions: list[Position] = []

    def watch(self, position: Position) -> None:
        self._positions = [position.copy()]

    def _judge(self, position: Position) -> tuple[Floats, float]:
        spec = self._spec
        per_player = spec.layout.per_player
        frame = position.frames(1)[0]
        sides = [frame[:per_player], frame[per_player : 2 * per_player]]
        counts = [side.reshape(per_player, -1).sum(axis=1) @ self._values for side in sides]
        material = counts[position.mover] - counts[1 - position.mover]
        if self._game == "shogi":
            hands = position.scalars().astype(np.float64)
            material += float((hands[:7] - hands[7:14]) @ np.array(HAND_VALUES))
        enemy = sides[1 - position.mover].any(axis=0)
        enemy = (turned(enemy, spec.turn) if position.mover else enemy).reshape(-1)
        logits = np.full(self._actions, -30.0, dtype=np.float32)
        legal = position.legal_actions()
        logits[legal] = np.where(enemy[self._to[legal]], 2.0, 0.0)
        jitter = np.random.default_rng(abs(hash(position.text()))).normal() * self._noise
        return logits, float(np.tanh(material / self._scale + jitter))

    def initial_inference(self, observation: Floats) -> InitialOutput:
        logits, value = self._judge(self._positions[0])
        zero = np.zeros(1, dtype=np.float32)
        return InitialOutput(np.zeros((1, 1, 1, 1), np.float32), logits[None], zero + np.float32(value), zero)

    def recurrent_inference(self, latent: Floats, action: Ints) -> RecurrentOutput:
        count = len(action)
        following = np.zeros((count, 1, 1, 1), dtype=np.float32)
        reward, discount, drawn, value = (np.zeros(count, dtype=np.float32) for _ in range(4))
        policy = np.zeros((count, self._actions), dtype=np.float32)
        for i in range(count):
            parent = self._positions[int(latent[i, 0, 0, 0])]
            if action[i] not in parent.legal_actions():
                reward[i] = -1.0
                continue
            position = parent.copy()
            position.push(int(action[i]))
            self._positions.append(position)
            following[i] = len(self._positions) - 1
            outcome = position.outcome()
            if outcome is None:
                discount[i] = -1.0
                policy[i], value[i] = self._judge(position)
            else:
                reward[i] = outcome.value(parent.mover)
                drawn[i] = float(outcome.winner is None)
        return RecurrentOutput(
            following, reward, discount, drawn, *top_policy(policy), value, np.zeros(count, dtype=np.float32)
        )
