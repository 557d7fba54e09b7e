"""Pictures (PNG), drawn by matplotlib without a screen: the one place that loads it, when a picture is drawn.

What people have set for pictures of their own counts for nothing here: MPLBACKEND, which notebooks set, and a
matplotlibrc, as long as it can be read.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 110  # dots an inch
HELP = "pictures need matplotlib, which the extra `pictures` brings"


class PicturesUnavailable(RuntimeError):
    """matplotlib is not installed, or does not start."""


def new_figure(width: float, height: float, dpi: int = DPI) -> Figure:
    """Return an empty figure of this size in inches. Raises PicturesUnavailable."""
    _load_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def drawn_text(text: str) -> str:
    """Return what matplotlib draws as this text: without mathematics between two $, and what is no text replaced."""
    return text.encode(errors="replace").decode().replace("$", r"\$")


def png_of(figure: Figure, facts: Mapping[str, str] | None = None) -> bytes:
    """Return the figure as a PNG file that holds these facts about it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of letters that its font lacks, of numbers beyond all axes: one sees them
        figure.savefig(buffer, format="png", metadata=dict(facts or {}))
    return buffer.getvalue()


def _load_matplotlib() -> None:
    """Import it, with the settings that it comes with. Raises PicturesUnavailable."""
    if "matplotlib.figure" in sys.modules:
        return
    backend = os.environ.get("MPLBACKEND")
    os.environ["MPLBACKEND"] = "agg"
    try:
        import matplotlib

        matplotlib.rcdefaults()
    except ImportError as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise PicturesUnavailable(HELP) from None
    except Exception as error:  # whatever it makes of a matplotlibrc
        raise PicturesUnavailable(f"pictures need matplotlib, which does not start: {error}") from None
    finally:
        del os.environ["MPLBACKEND"]
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
