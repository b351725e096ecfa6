"""What single tokens of a fine-tuned encoder say: contributing and ruled-out codes, and tags.

Which causes only helped, which the text rejects, who is a rival: a few words say it, wherever they
stand. Taught together with the reason, this costs it accuracy, for the top layer is bent to what
the text is about. So a small layer reads lower layers too, and the encoder stays as it is.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from lossnlp.model import Labels
from lossnlp.text import TAGS
from lossnlp.training._examples import FLAGS, Example, FineTuning
from lossnlp.training._finetune import Batch, Batches
from lossnlp.training._network import LossNetwork, in_16_bits

_READ = (-5, -3, -1)  # layers, counted from the top
_WIDTH = 128
_SETTINGS = FineTuning(epochs=5, fragments=0.0)
_RARE = -2.0  # where the log-odds start: few codes and few tokens are meant
_Seen = tuple[Batch, Tensor]  # and what `tokens_of` gives for its texts


class TokenLayer(nn.Module):
    """A layer on the token vectors, for `FLAGS` and `TAGS`.

    Parameters
    ----------
    width
        The width of a token vector.
    codes
        The number of codes, k.
    """

    def __init__(self, width: int, codes: int) -> None:
        super().__init__()
        self.flags = _reading(len(_READ) * width, len(FLAGS) * codes)
        self.tags = _reading(len(_READ) * width, len(TAGS))

    def forward(self, tokens: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return log-odds from what `tokens_of` gives: flags [n, 2k], tags [n, t, 2].

        A flag's are those of the token that says it most.
        """
        flags = self.flags(tokens).masked_fill(mask[..., None] == 0, -1e4).amax(1)
        return flags + _RARE, self.tags(tokens) + _RARE


def tokens_of(layers: Sequence[Tensor]) -> Tensor:
    """Return the vectors of a token in the layers that are read, side by side, [n, t, 3d]."""
    return torch.cat([layers[place] for place in _READ], dim=-1)


def teach_tokens(
    network: LossNetwork,
    examples: Sequence[Example],
    labels: Labels,
    base: Path,
    progress: Callable[[int, int], None] = lambda step, steps: None,
) -> TokenLayer:
    """Return a layer taught on a fine-tuned network, which stays as it is.

    The network reads each text once; what it gives is kept in 16 bits, 5 KB a token.
    """
    torch.manual_seed(_SETTINGS.seed)
    chance = random.Random(_SETTINGS.seed)  # noqa: S311 - shuffles, keeps no secret
    batches = Batches(examples, labels, base, _SETTINGS, chance)
    read = [(batch, _read(network, batch)) for batch in batches.forever(batches.an_epoch)]
    layer = TokenLayer(network.encoder.config.hidden_size, len(labels.codes))
    optimizer = torch.optim.AdamW(layer.parameters())
    steps = _SETTINGS.epochs * len(read)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _SETTINGS.head_rate, total_steps=steps
    )
    for step, (batch, tokens) in enumerate(_shuffled(read, chance), 1):
        flags, tags = layer(tokens.float(), batch.mask)
        optimizer.zero_grad(set_to_none=True)
        _loss(flags, tags, batch).backward()
        optimizer.step()
        schedule.step()
        progress(step, steps)
    layer.eval()
    return layer


def _shuffled(read: list[_Seen], chance: random.Random) -> Iterator[_Seen]:
    for _ in range(_SETTINGS.epochs):
        chance.shuffle(read)
        yield from read


def _read(network: LossNetwork, batch: Batch) -> Tensor:
    with torch.no_grad(), in_16_bits():
        return tokens_of(network.layers(network.words(batch.ids), batch.mask)).half()


def _loss(flags: Tensor, tags: Tensor, batch: Batch) -> Tensor:
    """Return binary cross-entropies: summed over a text's flags, and over its tags' tokens."""
    truth = torch.cat([batch.flags[name] for name in FLAGS], dim=1)
    of_flags = functional.binary_cross_entropy_with_logits(flags, truth, reduction="none")
    of_tags = functional.binary_cross_entropy_with_logits(tags, batch.tags, reduction="none")
    known = batch.mask[:, :, None] * batch.tagged[:, None, :]
    return of_flags.sum(1).mean() + (of_tags * known).sum(1).mean()


def _reading(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, _WIDTH), nn.GELU(), nn.Dropout(0.1), nn.Linear(_WIDTH, outputs)
    )
