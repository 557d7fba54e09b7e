"""A decoder for a network that has learnt: the newest frame back from latents of h, and of g after some moves.

The network stays as it is. It plays games against itself without a search (`calibration`), the moves that were played
are unrolled in the model, and the decoder (two 1x1 convolutions) learns to tell what stands on the board from what the
model has there. So it shows what is in the latents: it has nothing else to look at, square by square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from muzero_engine.arrays import Floats
from muzero_engine.export.bundle import replace_bundle
from muzero_engine.export.calibration import SampledGame, sampled_game
from muzero_engine.export.graph import decoder_graph, serialised
from muzero_engine.export.one_thread import one_thread
from muzero_engine.files import read_limited
from muzero_engine.games.base import Game, Shape
from muzero_engine.inference.bundle import read_manifest
from muzero_engine.inference.manifest import DECODER, MANIFEST, MAX_FILE_BYTES, FileInfo
from muzero_engine.network.model import MuZeroNetwork
from muzero_engine.network.numpy_model import TorchModel
from muzero_engine.training.learner.heads import DecoderHead

Report = Callable[[str], None]
TOGETHER = 32  # places whose plies are imagined at once


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderTraining:
    """How a decoder learns, and from what."""

    plies: int = 6_000  # of the games that the network plays first
    examples: int = 16_000  # latents, and what stands on their boards
    unroll_steps: int = 8  # steps of g after each position
    epochs: int = 20  # how often each example is learnt from
    batch: int = 128
    learning_rate: float = 3e-3
    seed: int = 0


@one_thread()
def train_decoder(
    network: MuZeroNetwork,
    game: Game,
    boards: Sequence[Shape],
    settings: DecoderTraining,
    device: torch.device,
    report: Report,
) -> DecoderHead:
    """Return a decoder of a network's latents, on the CPU. `report` is told how it goes, several times a minute."""
    random = np.random.default_rng(settings.seed)
    folded = network.folded().to(device)
    model = TorchModel(network.to(device))
    games: dict[Shape, list[SampledGame]] = {}
    wanted = settings.plies / max(1, len(boards))
    for shape in dict.fromkeys(boards or game.spec.shapes[:1]):
        played = games.setdefault(shape, [])
        while (plies := sum(len(one.actions) for one in played)) < wanted:
            report(f"games on {shape[0]}x{shape[1]}: {plies:,} of {wanted:,.0f} plies")
            played.append(sampled_game(model, game, shape, random))
    torch.manual_seed(settings.seed)
    planes = game.spec.layout.frame_planes
    decoder = DecoderHead(network.config.channels, planes).to(device)
    known = [_examples(folded, played, planes, settings, len(games), random, report) for played in games.values()]
    batches = sum(-(-len(latents) // settings.batch) for latents, _ in known)
    optimiser = torch.optim.AdamW(decoder.parameters(), lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs * batches)
    for epoch in range(settings.epochs):
        losses = []
        for latents, frames in known:
            for chosen in torch.split(torch.randperm(len(latents)), settings.batch):
                logits = decoder(latents[chosen].to(device).float())
                loss = F.binary_cross_entropy_with_logits(logits, frames[chosen].to(device).float())
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]  # torch's own
                optimiser.step()
                schedule.step()
                losses.append(float(loss.detach()))
        report(f"epoch {epoch + 1} of {settings.epochs}, loss {sum(losses) / len(losses):.5f}")
    return decoder.cpu().eval()


@torch.no_grad()
def _examples(
    network: MuZeroNetwork,
    games: Sequence[SampledGame],
    planes: int,
    settings: DecoderTraining,
    boards: int,
    random: np.random.Generator,
    report: Report,
) -> tuple[Tensor, Tensor]:
    """Return latents float16[N, C, H, W] of h and of g, and the frames uint8[N, planes, H, W] that belong to them."""
    latents: list[Tensor] = []
    frames: list[Tensor] = []
    wanted = settings.examples // boards
    while (count := sum(map(len, latents))) < wanted:
        report(f"latents: {count:,} of {wanted:,}")
        for latent, frame in _unrolled(network, games, planes, settings.unroll_steps, random):
            latents.append(latent.half().cpu())
            frames.append(frame.to(torch.uint8).cpu())
    return torch.cat(latents), torch.cat(frames)


def _unrolled(
    network: MuZeroNetwork, games: Sequence[SampledGame], planes: int, unroll_steps: int, random: np.random.Generator
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the latents [n, C, H, W] of random places in games, and of the plies after them, each with its frames."""
    device = next(network.parameters()).device
    weights = np.array([len(game.actions) for game in games], dtype=np.float64)
    picked = [games[i] for i in random.choice(len(games), TOGETHER, p=weights / weights.sum())]
    places = [(game, int(random.integers(0, len(game.actions)))) for game in picked]
    seen = _tensor([game.observations[at] for game, at in places], device)
    latent = network.represent(seen)
    yield latent, seen[:, :planes]
    for _ in range(unroll_steps):
        kept = [i for i, (game, at) in enumerate(places) if at + 1 < len(game.actions)]
        if not kept:
            return
        actions = torch.tensor([places[i][0].actions[places[i][1]] for i in kept], device=device)
        places = [(places[i][0], places[i][1] + 1) for i in kept]
        latent, _ = network.dynamics(latent[torch.tensor(kept, device=device)], actions)
        yield latent, _tensor([game.observations[at][:planes] for game, at in places], device)


def _tensor(arrays: Sequence[Floats], device: torch.device) -> Tensor:
    return torch.from_numpy(np.stack(arrays)).float().to(device)


def decoder_file(decoder: nn.Module, network: MuZeroNetwork) -> bytes:
    """Return `decoder.onnx`."""
    return serialised(decoder_graph(decoder, network))


def add_decoder(folder: Path, data: bytes) -> None:
    """Write a decoder into a bundle, in place of one that is there. Raises BadWeights where there is no bundle.

    A kill leaves the bundle as it was, or with this decoder.
    """
    manifest = read_manifest(folder)
    info = FileInfo.of(data)
    files = dict(sorted({**manifest.files, DECODER: info}.items()))
    kept = {path.name: read_limited(path, MAX_FILE_BYTES) for path in folder.iterdir()}
    replace_bundle(folder, {**kept, DECODER: data, MANIFEST: replace(manifest, files=files).to_json().encode()})
