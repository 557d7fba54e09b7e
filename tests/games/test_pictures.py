"""Pictures of boards: whole SVG with both moves marked, whichever way a game draws them."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from muzero_engine.games.pictures import BETTER_COLOUR, PLAYED_COLOUR, picture
from muzero_engine.games.registry import BUILT_IN, load_game


@pytest.mark.parametrize("game", BUILT_IN)
def test_a_picture_is_svg_with_both_moves_marked(game: str) -> None:
    loaded = load_game(game)
    position = loaded.initial(loaded.spec.shapes[0])
    for _ in range(6):
        first, *_, last = position.legal_actions()[:-1].tolist()
        text = picture(position, first, last)
        ElementTree.fromstring(text)
        assert PLAYED_COLOUR in text
        assert BETTER_COLOUR in text
        ElementTree.fromstring(picture(position, None, None))
        position.push(int(first))


def test_drops_and_passes() -> None:
    shogi = load_game("shogi").from_text("4k4/9/9/9/9/9/9/9/4K4 b G 1")
    assert "<circle" in picture(shogi, shogi.parse_action("G*5e"), None)
    go = load_game("go").initial((5, 5))
    assert PLAYED_COLOUR not in picture(go, go.parse_action("pass"), None)
