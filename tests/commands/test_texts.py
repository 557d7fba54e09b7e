"""What is not taken on the command line before anything is done."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from muzero_engine.commands.common.texts import PagePath


def test_a_page_replaces_pages_alone(tmp_path: Path) -> None:
    kind, place = PagePath(), tmp_path / "page.html"
    for written in (None, "", "<!DOCTYPE html>\n<html lang='en'>", "<HTML>"):
        if written is not None:
            place.write_text(written)
        assert kind.convert(str(place), None, None) == place
    for written in ("1. e4 e5 *", '{"steps": 1}', "\0" * 5000 + "<html>"):
        place.write_text(written)
        with pytest.raises(click.BadParameter, match=r"page.html is there already, and is no page: choose another"):
            kind.convert(str(place), None, None)
