"""Make golden/mctx.npz: what mctx's gumbel_muzero_policy says of the random tables of `table_model`.

Needs `pip install mctx jax numpy torch` (made with mctx 0.0.71, jax 0.10) in an environment of its own; then
`python -m support.mctx_golden`, run in `tests/`.

The npz holds, for case i, the arrays `i/case` (seed, states, actions, simulations, considered, depth (0: no bound),
1000 * c_scale), `i/roots` int64[B], `i/legal` bool[B, A], `i/noise` float32[B, A] and mctx's answers: `i/action`,
`i/visits`, `i/policy` (its action_weights) and `i/mean` (its root values), float32 or int32.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import mctx
import numpy as np

from support.table_model import Tables, random_tables

GOLDEN = Path(__file__).parents[1] / "golden" / "mctx.npz"
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


def recurrent(tables: Tables, params: Any, key: Any, action: Any, state: Any) -> tuple[Any, Any]:
    after = tables.following[state, action]
    output = mctx.RecurrentFnOutput(
        reward=tables.reward[state, action],
        discount=tables.discount[state, action],
        prior_logits=tables.logits[after],
        value=tables.value[after],
    )
    return output, after


def answers(case: tuple[int, ...]) -> dict[str, Any]:
    seed, states, actions, simulations, considered, depth, scale = case
    tables = random_tables(seed, states, actions)
    draw = np.random.default_rng(seed)
    roots = draw.integers(states, size=BATCH)
    legal = draw.random((BATCH, actions)) < np.linspace(0.1, 1.0, BATCH)[:, None]
    legal[:, 0] |= ~legal.any(axis=1)
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
            rescale_values=False,
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
    arrays = {f"{i}/{name}": value for i, case in enumerate(CASES) for name, value in answers(case).items()}
    np.savez_compressed(GOLDEN, allow_pickle=False, **arrays)
    print(f"{GOLDEN}: {GOLDEN.stat().st_size} bytes")


if __name__ == "__main__":
    main()
