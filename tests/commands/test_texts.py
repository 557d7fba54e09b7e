"""What is not taken on the command line before anything is done."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from muzero_engine.cli import main
from muzero_engine.commands.common.numbers import KomiNumber
from muzero_engine.commands.common.texts import PagePath
from muzero_engine.files import page_mark


def test_a_page_replaces_pages_of_this_program_alone(tmp_path: Path) -> None:
    kind, place = PagePath(), tmp_path / "page.html"
    for written in (None, "", f"<!DOCTYPE html>\n<html lang='en'>\n{page_mark('match')}"):
        if written is not None:
            place.write_text(written)
        assert kind.convert(str(place), None, None) == place
    for written in ("1. e4 e5 *", '{"steps": 1}', "<!DOCTYPE html>\n<html>", "\0" * 5000 + page_mark("match")):
        place.write_text(written)
        with pytest.raises(click.BadParameter, match=r"page\.html is there already, and is no page of this program"):
            kind.convert(str(place), None, None)


def test_a_komi_is_a_whole_or_a_half_number() -> None:
    kind = KomiNumber()
    assert [kind.convert(text, None, None) for text in ("7", "6.5", "-0.5", "1e3")] == [7.0, 6.5, -0.5, 1000.0]
    for text in ("6.25", "6.1", "1e308"):
        with pytest.raises(click.BadParameter, match="komi must be a whole or a half number, not"):
            kind.convert(text, None, None)
    with pytest.raises(click.BadParameter, match="is not a finite number"):
        kind.convert("nan", None, None)
    assert "None" not in CliRunner().invoke(main, ["gtp", "--help-all"]).output
