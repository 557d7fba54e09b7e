"""Lines that a client may send by mistake: good ones, changed."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st


@st.composite
def mutated_lines(draw: st.DrawFn, good: Sequence[str], words: Sequence[str]) -> str:
    """Return a good line with some words dropped, repeated, replaced or split by odd space."""
    line = draw(st.sampled_from(good)).split()
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(line)))
        match draw(st.integers(0, 3)):
            case 0:
                line[place:] = line[place + 1 :]
            case 1:
                line.insert(place, draw(st.sampled_from(words)))
            case 2:
                line.insert(place, draw(st.text(max_size=8)))
            case _:
                line[place : place + 1] = [str(draw(st.integers(-(10**30), 10**30)))]
    return draw(st.sampled_from([" ", "\t", "  "])).join(line)


def conversations(good: Sequence[str], words: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Return some lines, good, changed or arbitrary."""
    return st.lists(st.sampled_from(good) | mutated_lines(good, words) | st.text(max_size=30), max_size=14)
