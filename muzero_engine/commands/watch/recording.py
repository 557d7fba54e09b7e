"""Pictures in turn as a GIF, or as an MP4 where ffmpeg is there."""

from __future__ import annotations

import importlib
import io
import shutil
import subprocess
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import click
from PIL import Image

from muzero_engine.files import read_beginning, write_atomically
from muzero_engine.installing import pip

COLOURS = 240  # of a GIF: what is left says that a point stays as it was, which makes files of a third the size
SAMPLED = 12  # pictures that its colours are chosen by
LAST_SECONDS = 1.5  # that the last picture stays
NO_FFMPEG = f"an MP4 needs ffmpeg: install it, or {pip()} install imageio-ffmpeg, or record a GIF with --gif"


def ffmpeg() -> str:
    """Return the path of ffmpeg, of the system or of the package imageio-ffmpeg. Raises ClickException."""
    if (found := shutil.which("ffmpeg")) is not None:
        return found
    try:
        path = importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe()
    except (ImportError, RuntimeError):
        raise click.ClickException(NO_FFMPEG) from None
    return str(path)


def replaceable(path: Path) -> bool:
    """Return whether nothing is lost where a film comes to be here; whether it can is told where it is written."""
    try:
        begins = read_beginning(path, 8)
    except OSError:
        return True
    return not begins or (begins.startswith(b"GIF8") if path.suffix.lower() == ".gif" else begins[4:] == b"ftyp")


def write_gif(path: Path, count: int, draw: Callable[[int], Image.Image], fps: float) -> None:
    """Write `count` >= 1 pictures of one size that `draw` makes. Raises OSError."""
    samples = min(SAMPLED, count)
    palette = _common_palette([draw(i * (count - 1) // max(samples - 1, 1)) for i in range(samples)])
    frames = [draw(i).quantize(palette=palette, dither=Image.Dither.NONE) for i in range(count)]
    begun = [10 * round(100 * i / fps) for i in range(count)]  # ms; a GIF counts hundredths of a second
    milliseconds = [after - before for before, after in pairwise(begun)] + [round(1000 * LAST_SECONDS)]
    file = io.BytesIO()
    frames[0].save(
        file, "GIF", save_all=True, append_images=frames[1:], duration=milliseconds, loop=0, optimize=True, disposal=1
    )
    write_atomically(path, file.getvalue())


def _common_palette(pictures: Sequence[Image.Image]) -> Image.Image:
    """Return an image whose palette fits all pictures: with one for each, colours would flicker."""
    width, height = pictures[0].size
    montage = Image.new("RGB", (width, height * len(pictures)))
    for i, picture in enumerate(pictures):
        montage.paste(picture, (0, i * height))
    return montage.quantize(COLOURS, method=Image.Quantize.MEDIANCUT)


def write_mp4(path: Path, count: int, draw: Callable[[int], Image.Image], fps: float) -> None:
    """Write the same pictures as H.264. Raises ClickException where ffmpeg is not there or does not write it."""
    part = path.with_name(f"{path.stem}.part.mp4")
    size = draw(0).size
    command = [ffmpeg(), "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    command += ["-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "-", "-an", "-c:v", "libx264"]
    command += ["-pix_fmt", "yuv420p", "-crf", "18", "-movflags", "+faststart", str(part)]
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stderr is not None
            try:
                for i in range(count):
                    process.stdin.write(draw(i).tobytes())
                process.stdin.close()
            except BrokenPipeError:
                pass
            said = process.stderr.read().decode(errors="replace").strip()
        if process.returncode != 0:
            why = said.splitlines()[-1] if said else f"it ended with {process.returncode}"
            raise click.ClickException(f"ffmpeg could not write {path}: {why}")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
