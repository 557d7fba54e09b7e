"""Make golden/mctx.npz and golden/mctx_rescaled.npz: what mctx's gumbel_muzero_policy says of random tables.

Needs `pip install mctx jax numpy torch` (made with mctx 0.0.71, jax 0.10) in an environment of its own; then
`python -m support.mctx_golden`, run in `tests/`.

The first is of games' tables with Q as it is, the second of environments' tables with Q rescaled and all actions legal
(see `table_model`). Each holds, for case i, the arrays `i/case` (seed, states, actions, simulations, considered, depth
(0: no bound), 1000 * c_scale), `i/roots` int64[B], `i/legal` bool[B, A], `i/noise` float32[B, A] and mctx's answers:
`i/action`, `i/visits`, `i/policy` (its action_weights) and `i/mean` (its root values), float32 or int32.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np

from support.table_model import Tables, environment_tables, random_tables

GOLDEN = Path(__file__).parents[1] / "golden"
BATCH = 8
C_VISIT = 50.0

# seed, states, actions, simulations, considered, depth, 1000 * c_scale
CASES = [
    (1, 50, 5, 4, 16, 0, 1000),
    (2, 50, 5, 24, 4, 0, 100),
    (3, 200, 9, 16, 16, 0, 1000),
    (4, 200, 9, 50, 8, 0, 1000),
    (5, 200, 40, 32, 16, 0, 1000),
    (6, 200, 40, 8, 16, 0, 20),
    (7, 200, 25, 50, 16, 0, 20),
    (8, 200, 25, 50, 7, 0, 100),
    (9, 100, 6, 32, 1, 0, 100),
    (10, 100, 6, 32, 2, 3, 20),
    (11, 200, 12, 48, 6, 2, 1000),
]


RESCALED_CASES = [
    (21, 50, 2, 32, 16, 0, 100),
    (22, 50, 5, 24, 4, 0, 100),
    (23, 200, 6, 50, 16, 0, 100),
    (24, 200, 18, 50, 16, 0, 100),
    (25, 200, 18, 50, 4, 0, 1000),
    (26, 100, 6, 32, 1, 0, 100),
    (27, 100, 6, 32, 3, 3, 20),
]


def recurrent(tables: Tables, params: Any, key: Any, action: Any, state: Any) -> tuple[Any, Any]:
    after = tables.following[state, action]
    output = mctx.RecurrentFnOutput(
        reward=tables.reward[state, action],
        discount=tables.discount[state, action],
        prior_logits=tables.logits[after],
        value=tables.value[after],
    )
    return output, after


def answers(case: tuple[int, ...], rescale: bool) -> dict[str, Any]:
    seed, states, actions, simulations, considered, depth, scale = case
    tables = (environment_tables if rescale else random_tables)(seed, states, actions)
    draw = np.random.default_rng(seed)
    roots = draw.integers(states, size=BATCH)
    legal = draw.random((BATCH, actions)) < np.linspace(0.1, 1.0, BATCH)[:, None]
    legal[:, 0] |= ~legal.any(axis=1)
    legal |= rescale
    on_device = Tables(*(jnp.asarray(table) for table in tables))
    key = jax.random.PRNGKey(seed)
    output = mctx.gumbel_muzero_policy(
        params=(),
        rng_key=key,
        root=mctx.RootFnOutput(
            prior_logits=on_device.logits[roots], value=on_device.value[roots], embedding=jnp.asarray(roots)
        ),
        recurrent_fn=partial(recurrent, on_device),
        num_simulations=simulations,
        invalid_actions=jnp.asarray(~legal),
        max_depth=depth or None,
        qtransform=partial(
            mctx.qtransform_completed_by_mix_value,
            value_scale=scale / 1000,
            maxvisit_init=C_VISIT,
            rescale_values=rescale,
        ),
        max_num_considered_actions=considered,
    )
    summary = output.search_tree.summary()
    return {
        "case": np.array(case),
        "roots": roots,
        "legal": legal,
        "noise": np.asarray(output.search_tree.extra_data.root_gumbel),
        "action": np.asarray(output.action),
        "visits": np.asarray(summary.visit_counts).astype(np.int32),
        "policy": np.asarray(output.action_weights),
        "mean": np.asarray(summary.value),
    }


def main() -> None:
    for name, cases, rescale in (("mctx", CASES, False), ("mctx_rescaled", RESCALED_CASES, True)):
        answered = (answers(case, rescale) for case in cases)
        arrays = {f"{i}/{field}": value for i, fields in enumerate(answered) for field, value in fields.items()}
        file = GOLDEN / f"{name}.npz"
        np.savez_compressed(file, allow_pickle=False, **arrays)
        print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main()
