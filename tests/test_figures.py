"""Pictures are drawn the same whatever people have set for their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from muzero_engine.figures import drawn_text, new_figure, png_of


def test_what_people_have_set_for_their_own_pictures_counts_for_nothing(tmp_path: Path) -> None:
    """As in a notebook, whose backend another Python lacks, and in the folder of somebody's paper."""
    (tmp_path / "matplotlibrc").write_text("font.size: 100000\nsavefig.dpi: -7\n")
    code = (
        "import os; from muzero_engine.figures import new_figure, png_of\n"
        "figure = new_figure(1.0, 1.0); figure.add_subplot()\n"
        "print(png_of(figure)[1:4].decode(), os.environ['MPLBACKEND'])"
    )
    root = str(Path(__file__).parents[1])
    environment = os.environ | {"MPLBACKEND": "module://no_such_module", "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("PNG module://no_such_module\n", "")


def test_settings_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    (tmp_path / "matplotlibrc").write_bytes(b"# \xff\n")
    code = (
        "from muzero_engine.figures import PicturesUnavailable, new_figure\n"
        "try: new_figure(1.0, 1.0)\n"
        "except PicturesUnavailable as error: print(error)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.startswith("pictures need matplotlib, which does not start: "), done.stderr


@pytest.mark.parametrize("title", ["l2\udce9", r"a $\frac$ b", "$$"])
def test_a_title_is_drawn_whatever_it_is(title: str) -> None:
    """Of the name of a file, say, that is no UTF-8, or has two signs between which there might be mathematics."""
    figure = new_figure(1.0, 1.0)
    figure.suptitle(drawn_text(title))
    assert png_of(figure).startswith(b"\x89PNG")
