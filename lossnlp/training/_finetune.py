"""Fine-tuning the sentence encoder on labelled deals, for all outputs at once."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from tokenizers import Encoding, Tokenizer
from torch import Tensor
from torch.nn import functional

from lossnlp.model import MAX_TOKENS, Labels
from lossnlp.text import TAGS
from lossnlp.training._examples import FLAGS, Example, FineTuning
from lossnlp.training._network import LossNetwork

_FAR = -1e4  # a margin that a softmax ignores
_AVERAGED = 0.2  # the last share of the steps, whose weights are averaged
_AVERAGE_EVERY = 8  # steps
_TEMPERATURE = 2.0  # divides the margins where a teacher is imitated, so that its doubts count


def finetune(
    examples: Sequence[Example],
    labels: Labels,
    base: Path,
    settings: FineTuning,
    progress: Callable[[int, int], None] = lambda step, steps: None,
) -> LossNetwork:
    """Fine-tune the encoder in ``base`` and return the network, its last steps averaged.

    Parameters
    ----------
    examples
        The labelled texts.
    labels
        The names of the outputs.
    base
        The folder of the base weights and their ``tokenizer.json``.
    settings
        How to train; the same settings and examples give the same network on the same machine.
    progress
        Called after each step with the step and the number of steps.
    """
    torch.manual_seed(settings.seed)
    network = LossNetwork(base, labels, settings.layers)
    torch.manual_seed(settings.seed)  # the steps' draws are the same whatever the network took
    chance = random.Random(settings.seed)  # noqa: S311 - shuffles, keeps no secret
    batches = Batches(examples, labels, base, settings, chance)
    network.train()
    groups = network.parameter_groups(settings.rate, settings.head_rate, settings.layer_decay)
    optimizer = torch.optim.AdamW(
        groups, weight_decay=settings.weight_decay, betas=(0.9, 0.98), fused=True
    )
    steps = settings.epochs * batches.an_epoch
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _warm_then_fall(steps, settings.warmup))
    average = _Average(network)
    for step, batch in enumerate(batches.forever(steps), 1):
        optimizer.zero_grad(set_to_none=True)
        _loss(network, batch, labels, settings).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step > (1 - _AVERAGED) * steps and step % _AVERAGE_EVERY == 0:
            average.add(network)
        progress(step, steps)
    average.apply(network)
    network.eval()
    return network


def taught_by(
    teacher: LossNetwork, examples: Sequence[Example], labels: Labels, base: Path
) -> list[Example]:
    """Return examples, each with what a fine-tuned teacher says of its codes.

    Parameters
    ----------
    teacher
        A network with the same labels.
    examples
        Texts that a smaller network is to learn from.
    labels
        The names of the outputs.
    base
        The folder of the teacher's ``tokenizer.json``.
    """
    chance = random.Random(0)  # noqa: S311 - draws nothing
    batches = Batches(examples, labels, base, FineTuning(), chance)
    found = []
    with torch.no_grad():
        for example in examples:
            alone = batches.batch([example])
            margins, *_ = teacher(alone.ids, alone.mask)
            likely = torch.softmax(margins["primary"][0] / _TEMPERATURE, dim=0)
            found.append(replace(example, likely=tuple(likely.tolist())))
    return found


def fragments_of(examples: Sequence[Example]) -> list[Example]:
    """Return each evidence stretch of two words or more as a text of its own."""
    found = []
    for example in examples:
        if example.evidence is None:
            continue
        stretch = example.text[slice(*example.evidence)]
        if " " in stretch.strip() and stretch != example.text:
            nothing = (None,) * len(TAGS)
            part = replace(example, text=stretch, evidence=None, tags=nothing, likely=None)
            found.append(replace(part, fragment=True))
    return found


@dataclass(frozen=True)
class Batch:
    """Tensors of n examples: see `_loss` for what each teaches."""

    ids: Tensor
    mask: Tensor
    code: Tensor
    likely: Tensor
    guided: Tensor
    sub: Tensor
    flags: Mapping[str, Tensor]
    whole: Tensor
    pointed: Tensor
    pointable: Tensor
    tags: Tensor
    tagged: Tensor


class Batches:
    """Batches of texts of like length, in an order that changes each epoch."""

    def __init__(
        self,
        examples: Sequence[Example],
        labels: Labels,
        base: Path,
        settings: FineTuning,
        chance: random.Random,
    ) -> None:
        tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
        self._pad = (tokenizer.padding or {}).get("pad_id", 0)
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer = tokenizer
        self._examples, self._fragments = list(examples), fragments_of(examples)
        self._width, self._size, self._chance = len(labels.codes), settings.batch, chance
        self._added = int(settings.fragments * len(self._fragments))
        self.an_epoch = math.ceil((len(self._examples) + self._added) / self._size)

    def forever(self, steps: int) -> Iterator[Batch]:
        """Yield as many batches as asked for."""
        while steps > 0:
            for chosen in self._epoch()[:steps]:
                yield self.batch(chosen)
                steps -= 1

    def _epoch(self) -> list[list[Example]]:
        pool = self._examples + self._chance.sample(self._fragments, self._added)
        self._chance.shuffle(pool)
        bucket = self._size * 24  # wide enough to mix, narrow enough to pad little
        batches = []
        for start in range(0, len(pool), bucket):
            part = sorted(pool[start : start + bucket], key=lambda e: len(e.text))
            batches += [part[i : i + self._size] for i in range(0, len(part), self._size)]
        self._chance.shuffle(batches)
        return batches

    def batch(self, chosen: Sequence[Example]) -> Batch:
        """Return examples as tensors, padded to the longest."""
        tokens = [self._tokenizer.encode(example.text) for example in chosen]
        shape = len(chosen), max(len(t) for t in tokens)
        ids = torch.full(shape, self._pad)
        mask, pointed = torch.zeros(shape, dtype=torch.long), torch.zeros(shape)
        for row, (example, t) in enumerate(zip(chosen, tokens, strict=True)):
            ids[row, : len(t)] = torch.tensor(t.ids)
            mask[row, : len(t)] = 1
            pointed[row, : len(t)] = torch.tensor(_inside(t.offsets, example.evidence))
        return Batch(
            ids,
            mask,
            torch.tensor([e.code for e in chosen]),
            torch.tensor([e.likely or (0.0,) * self._width for e in chosen]),
            torch.tensor([float(e.likely is not None) for e in chosen]),
            torch.tensor([e.sub for e in chosen]),
            {name: self._flags([getattr(e, name) for e in chosen]) for name in FLAGS},
            torch.tensor([float(not e.fragment) for e in chosen]),
            pointed,
            torch.tensor([float(e.evidence is not None) for e in chosen]),
            _tags(chosen, tokens, ids.shape),
            torch.tensor([[float(spans is not None) for spans in e.tags] for e in chosen]),
        )

    def _flags(self, positions: Sequence[tuple[int, ...]]) -> Tensor:
        flags = torch.zeros(len(positions), self._width)
        for row, codes in enumerate(positions):
            flags[row, list(codes)] = 1.0
        return flags


def _tags(chosen: Sequence[Example], tokens: Sequence[Encoding], shape: tuple[int, ...]) -> Tensor:
    """Return [n, t, tags]: 1 where a token overlaps a span of the tag."""
    tags = torch.zeros(*shape, len(TAGS))
    for row, (example, t) in enumerate(zip(chosen, tokens, strict=True)):
        for column, spans in enumerate(example.tags):
            for span in spans or ():
                tags[row, : len(t), column] += torch.tensor(_inside(t.offsets, span))
    return tags.clamp(max=1.0)


def _inside(offsets: Sequence[tuple[int, int]], span: tuple[int, int] | None) -> list[float]:
    """Return for each token 1 if it overlaps the span, else 0."""
    if span is None:
        return [0.0] * len(offsets)
    return [float(start < end and start < span[1] and end > span[0]) for start, end in offsets]


def _loss(network: LossNetwork, batch: Batch, labels: Labels, settings: FineTuning) -> Tensor:
    """Return the weighted sum of the losses.

    Cross-entropy of the reason, of what a teacher says of it (Hinton et al. 2015), of the
    sub-reason among those of its reason; binary cross-entropy of contributing and ruled-out codes
    and of the tokens of each tag (whole texts only), and of the tokens of the evidence.
    """
    margins, marks, tags = network(batch.ids, batch.mask)
    code_of_sub = torch.from_numpy(labels.sub_code)
    others = code_of_sub[None] != batch.code[:, None]
    loss = functional.cross_entropy(
        margins["primary"], batch.code, label_smoothing=settings.label_smoothing
    )
    softened = margins["primary"] / _TEMPERATURE
    each = functional.cross_entropy(softened, batch.likely, reduction="none")
    loss = loss + _TEMPERATURE**2 * (each * batch.guided).mean()
    loss = loss + settings.sub_weight * functional.cross_entropy(
        margins["sub"].masked_fill(others, _FAR), batch.sub
    )
    for name, flags in batch.flags.items():
        each = functional.binary_cross_entropy_with_logits(margins[name], flags, reduction="none")
        loss = loss + settings.flag_weight * (each * batch.whole[:, None]).mean()
    tokens = batch.mask * batch.pointable[:, None]
    each = functional.binary_cross_entropy_with_logits(marks, batch.pointed, reduction="none")
    loss = loss + settings.pointer_weight * (each * tokens).sum() / tokens.sum().clamp(min=1)
    known = batch.mask[:, :, None] * (batch.whole[:, None] * batch.tagged)[:, None, :]
    each = functional.binary_cross_entropy_with_logits(tags, batch.tags, reduction="none")
    return loss + settings.tag_weight * (each * known).sum() / known.sum().clamp(min=1)


def _warm_then_fall(steps: int, share: float) -> Callable[[int], float]:
    """Return the factor of the learning rate: a linear rise, then a linear fall to zero."""
    warm = max(1, int(share * steps))
    return lambda step: min(1.0, (step + 1) / warm) * max(0.0, (steps - step) / steps)


class _Average:
    """The mean of the trained weights over several steps (stochastic weight averaging)."""

    def __init__(self, network: LossNetwork) -> None:
        trained = {n for n, p in network.named_parameters() if p.requires_grad}
        self._mean = {n: torch.zeros_like(network.get_parameter(n)) for n in trained}
        self._count = 0

    def add(self, network: LossNetwork) -> None:
        """Take the weights of this step into the mean."""
        self._count += 1
        for name, mean in self._mean.items():
            mean += (network.get_parameter(name).detach() - mean) / self._count

    def apply(self, network: LossNetwork) -> None:
        """Put the mean into the network; without a step to average it stays as it is."""
        if self._count:
            with torch.no_grad():
                for name, mean in self._mean.items():
                    network.get_parameter(name).copy_(mean)
