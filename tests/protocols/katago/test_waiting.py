"""What waits is searched by priority, then as it came; against a plain list."""

from __future__ import annotations

from array import array
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from muzero_engine.games.go.rules import BLACK, GoPosition
from muzero_engine.protocols.katago.game import QueriedGame
from muzero_engine.protocols.katago.query import Query
from muzero_engine.protocols.katago.waiting import Queue

GAME = QueriedGame.of(GoPosition((2, 2)), [], BLACK)
NAMES = st.sampled_from("abc")
TURNS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-1, 2)), min_size=1, max_size=5, unique_by=lambda turn: turn[0]
)
ADD = st.tuples(st.just("add"), NAMES, TURNS)
TAKE = st.tuples(st.just("take"), st.none(), st.none())
TERMINATE = st.tuples(st.just("terminate"), st.none() | NAMES, st.none() | st.frozensets(st.integers(0, 5), max_size=3))


@given(st.lists(ADD | TAKE | TERMINATE))
def test_the_order_is_that_of_a_plain_list(steps: list[tuple[str, str | None, Any]]) -> None:
    queue = Queue()
    plain: list[tuple[str, int, int]] = []  # id, turn, priority
    for step, name, turns in [*steps, *[("take", None, None)] * 5 * len(steps)]:
        if step == "add":
            numbers, priorities = zip(*turns, strict=True)
            queue.add(Query(id=name or "", game=GAME, turns=array("H", numbers), priorities=priorities), 10)
            plain += [(name or "", number, priority) for number, priority in zip(numbers, priorities, strict=True)]
        elif step == "terminate":
            ended = [(query.id, number) for query, numbers in queue.terminate(name, turns) for number in numbers]
            meant = [each for each in plain if name in (None, each[0]) and (turns is None or each[1] in turns)]
            assert ended == [each[:2] for each in meant]
            plain = [each for each in plain if each not in meant]
        elif plain:
            best = max(plain, key=lambda each: each[2])
            plain.remove(best)
            task = queue.take()
            assert (task.query.id, task.turn) == best[:2]
        assert bool(queue) == bool(plain)
