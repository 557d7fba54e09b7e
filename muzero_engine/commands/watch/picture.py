"""A step of an episode as a picture: what is seen, and beside it what the model expects and what came of it.

Everything blue is what the model says, everything orange is what came.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from muzero_engine.commands.common.environments import Thought
from muzero_engine.commands.watch.episode import Episode
from muzero_engine.commands.watch.scenery import scenery
from muzero_engine.inference.manifest import EnvironmentDescription
from muzero_engine.training.report.progress import LEAST_TOLD, plain_number

WIDTH, HEIGHT = 800, 450
MARGIN = 20
SCENE = HEIGHT - 2 * MARGIN  # side of the square that the environment is shown in
LEFT, RIGHT = MARGIN + SCENE + MARGIN, WIDTH - MARGIN  # of what the model says
SHARPER = 2  # times as large are lines drawn as they are shown, so that they are smooth
SCALE = 46  # pixels at the left of a chart for the ends of its scale
REWARDS_SHOWN = 40  # the last ones
CROWDED = 0.2  # where no action is likelier, the likeliest has a bar of full height
MOST_ACTIONS = 18  # that have a bar, the likeliest

BACKGROUND, PANEL, GRID = "#11151c", "#1a202b", "#323c4d"
TEXT, MUTED = "#eef2f7", "#8f9bae"
SAID, CAME = "#5bb8f5", "#f2a03d"  # by the model; in the environment
DIM = "#35617f"  # what the model says of actions that were not taken

Box = tuple[float, float, float, float]  # left, top, right, bottom


class EpisodePicture:
    """Draws the steps of an episode. All have one scale of values and rewards."""

    def __init__(self, episode: Episode, described: EnvironmentDescription) -> None:
        """Draw an episode with at least one step and one scene.

        Where the network knows rewards by their signs alone, what it expects is compared with these.
        """
        self._episode = episode
        self._spec, self._clips = described.spec, described.clip_rewards
        self._rewards = [float(np.sign(reward)) for reward in episode.rewards] if self._clips else episode.rewards
        self._returns = replace(episode, rewards=self._rewards).returns(described.returns.discount)
        shown = min(len(episode.scenes), len(episode.rewards))
        self._values = [thought.value for thought in episode.thoughts[:shown]]
        self._returns = self._returns[:shown]
        self._expected = [thought.reward for thought in episode.thoughts[:shown]]
        self._totals = [0.0]
        for reward in episode.rewards:
            self._totals.append(self._totals[-1] + reward)
        self._value_scale = Scale([*self._values, *self._returns])
        self._reward_scale = Scale([0.0, *self._expected, *self._rewards[:shown]])

    def __len__(self) -> int:
        """Return how many pictures there are."""
        return len(self._episode.scenes)

    def draw(self, step: int) -> Image.Image:
        """Return the picture of a step, RGB of WIDTH x HEIGHT; the one past the last step is of the end."""
        last = step >= len(self._episode.thoughts)
        known = min(step, len(self._values) - 1)
        picture = Image.new("RGB", (WIDTH, HEIGHT), BACKGROUND)
        draw = ImageDraw.Draw(picture)
        self._draw_scene(picture, step)
        self._draw_head(draw, step, last=last)
        values = LEFT, 118, RIGHT, 238
        rewards = LEFT, 268, RIGHT, 328
        _draw_legend(draw, values, "value", "after the search", "what came")
        self._draw_values(picture, values, known)
        _draw_legend(draw, rewards, "sign of the reward" if self._clips else "reward", "expected", "what came")
        self._draw_rewards(picture, rewards, known)
        _draw_policy(draw, (LEFT, 358, RIGHT, HEIGHT - MARGIN), self._episode.thoughts[known], self._spec.action_names)
        return picture

    def _draw_scene(self, picture: Image.Image, step: int) -> None:
        seen = scenery(self._episode.scenes[step], self._spec, SCENE)
        around = seen.getpixel((0, 0))
        ImageDraw.Draw(picture).rectangle((MARGIN, MARGIN, MARGIN + SCENE - 1, MARGIN + SCENE - 1), fill=around)
        picture.paste(seen, (MARGIN + (SCENE - seen.width) // 2, MARGIN + (SCENE - seen.height) // 2))

    def _draw_head(self, draw: ImageDraw.ImageDraw, step: int, *, last: bool) -> None:
        draw.text((LEFT, MARGIN - 3), _cut(self._spec.id.rpartition(":")[2], 22), font=_font(21), fill=TEXT)
        state = self._episode.ending.value if last else f"step {step}"
        draw.text((LEFT, MARGIN + 26), f"{state}, seed {self._episode.seed}", font=_font(13), fill=MUTED)
        total = _number(self._totals[min(step, len(self._totals) - 1)])
        draw.text((RIGHT, MARGIN - 6), total, font=_font(34), fill=CAME, anchor="rt")
        draw.text((RIGHT, MARGIN + 30), "return so far", font=_font(13), fill=MUTED, anchor="rt")

    def _draw_values(self, picture: Image.Image, box: Box, known: int) -> None:
        """Draw value and return of the steps up to this one, over the whole recording."""
        chart = _Panel(box, self._value_scale)
        steps = max(len(self._values) - 1, 1)
        for series, colour in ((self._returns, CAME), (self._values, SAID)):
            points = [(i / steps, value) for i, value in enumerate(series[: known + 1])]
            chart.line(points, colour)
        chart.dot(known / steps, self._values[known], SAID)
        chart.paste_on(picture)

    def _draw_rewards(self, picture: Image.Image, box: Box, known: int) -> None:
        """Draw the last rewards, each with what the model expected as a point."""
        chart = _Panel(box, self._reward_scale)
        first = max(0, known + 1 - REWARDS_SHOWN)
        for place, step in enumerate(range(first, known + 1)):
            left = (place + 0.5) / REWARDS_SHOWN
            chart.bar(left, self._rewards[step], 0.6 / REWARDS_SHOWN, CAME)
            chart.dot(left, self._expected[step], SAID, radius=2.6)
        chart.paste_on(picture)


class Scale:
    """The numbers of a chart from `least` to `greatest`, with some room at the `bottom` and at the `top`."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self.least, self.greatest = min(numbers), max(numbers)
        span = self.greatest - self.least
        level = span < LEAST_TOLD  # they differ by what is left of a network's arithmetic
        room = max(1.0, 0.1 * abs(self.greatest)) if level else 0.1 * span
        self.bottom, self.top = self.least - room, self.greatest + room

    def ends(self) -> list[tuple[str, float]]:
        """Return what is written at the ends of the numbers, and where; once where both are the same."""
        decimals = 2 - math.floor(math.log10(self.top - self.bottom))
        texts = {_number(round(number, decimals)): number for number in (self.least, self.greatest)}
        return list(texts.items())


class _Panel:
    """A part of the picture with a scale from bottom to top; places from 0 (left) to 1."""

    def __init__(self, box: Box, scale: Scale) -> None:
        self._box = box
        self._scale = scale
        size = round((box[2] - box[0]) * SHARPER), round((box[3] - box[1]) * SHARPER)
        self._image = Image.new("RGB", size, PANEL)
        self._draw = ImageDraw.Draw(self._image)
        if scale.bottom < 0.0 < scale.top:
            height = self._y(0.0)
            self._draw.line((self._x(0.0), height, size[0], height), fill=GRID, width=SHARPER)

    def _x(self, place: float) -> float:
        left, right = SCALE * SHARPER, 8 * SHARPER
        return left + place * (self._image.width - left - right)

    def _y(self, number: float) -> float:
        share = (number - self._scale.bottom) / (self._scale.top - self._scale.bottom)
        return (1.0 - share) * (self._image.height - 1)

    def line(self, points: Sequence[tuple[float, float]], colour: str) -> None:
        places = [(self._x(place), self._y(number)) for place, number in points]
        if len(places) > 1:
            self._draw.line(places, fill=colour, width=2 * SHARPER, joint="curve")

    def dot(self, place: float, number: float, colour: str, radius: float = 4.0) -> None:
        x, y, reach = self._x(place), self._y(number), radius * SHARPER
        self._draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=colour)

    def bar(self, place: float, number: float, width: float, colour: str) -> None:
        """Draw a bar from 0 to a number around a place; a line where the number is 0."""
        x, half = self._x(place), max(width * self._image.width / 2, SHARPER)
        ends = sorted((self._y(0.0), self._y(number)))
        self._draw.rectangle((x - half, ends[0] - SHARPER / 2, x + half, ends[1] + SHARPER / 2), fill=colour)

    def paste_on(self, picture: Image.Image) -> None:
        """Put the panel, with the ends of its scale, where it belongs."""
        left, top, right, bottom = (round(side) for side in self._box)
        picture.paste(self._image.resize((right - left, bottom - top), Image.Resampling.LANCZOS), (left, top))
        draw = ImageDraw.Draw(picture)
        right = left + SCALE - 9
        for text, number in self._scale.ends():
            height = min(max(top + self._y(number) / SHARPER, top + 8), bottom - 8)
            draw.text((right, height), text, font=_font(11), fill=MUTED, anchor="rm")


def _draw_legend(draw: ImageDraw.ImageDraw, box: Box, name: str, said: str, came: str) -> None:
    """Write above a chart what it shows."""
    top = box[1] - 20
    draw.text((box[0], top), name, font=_font(14), fill=TEXT)
    right = box[2]
    for text, colour in ((came, CAME), (said, SAID)):
        draw.text((right, top + 1), text, font=_font(12), fill=colour, anchor="rt")
        right -= _font(12).getlength(text) + 14


def _draw_policy(draw: ImageDraw.ImageDraw, box: Box, thought: Thought, names: Sequence[str]) -> None:
    """Draw a bar an action, as high as it is likely by the improved policy, the network's own as a line across."""
    left, top, right, bottom = box
    draw.text((left, top - 20), "policy", font=_font(14), fill=TEXT)
    likeliest = sorted(range(len(thought.policy)), key=lambda action: -thought.policy[action])[:MOST_ACTIONS]
    actions = sorted({*likeliest[: MOST_ACTIONS - 1], thought.action} if len(likeliest) == MOST_ACTIONS else likeliest)
    draw.rectangle((left, top, right, bottom - 18), fill=PANEL)
    full = max(float(probabilities[actions].max()) for probabilities in (thought.policy, thought.prior))
    full = full if full < CROWDED else 1.0
    named = "" if full == 1.0 else f"full height: {100 * full:.2g}%, "
    draw.text((right, top - 19), f"{named}line: before the search", font=_font(12), fill=MUTED, anchor="rt")
    width = (right - left) / len(actions)
    height = (bottom - 18 - top - 4) / full
    for place, action in enumerate(actions):
        taken = action == thought.action
        middle = left + (place + 0.5) * width
        half = min(0.36 * width, 26)
        level = min(bottom - 18 - height * float(thought.policy[action]), bottom - 20)
        draw.rectangle((middle - half, level, middle + half, bottom - 19), fill=SAID if taken else DIM)
        before = bottom - 18 - height * float(thought.prior[action])
        draw.line((middle - half - 3, before, middle + half + 3, before), fill=TEXT, width=2)
        name = names[action] if action < len(names) else str(action)
        font = _font(12 if len(actions) <= 9 else 9)
        label = _cut(name, max(1, int(width / font.getlength("n"))))
        draw.text((middle, bottom - 4), label, font=font, fill=TEXT if taken else MUTED, anchor="ms")


def _number(number: float) -> str:
    """Return a number in a few characters."""
    return plain_number(number, 3) if abs(number) < 1000 else f"{number:,.0f}"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: max(most - 1, 1)]


@lru_cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
