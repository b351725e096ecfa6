"""The network that is fine-tuned: a sentence encoder, a pointer at the evidence, and the heads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModel

from lossnlp.model import Labels
from lossnlp.text import TAGS


class LossNetwork(nn.Module):
    """A transformer with one vector a text and a head for each output.

    A token score says how likely a token belongs to the evidence. The text's vector is the mean of
    the token vectors beside their mean weighted by those scores, so that what carries the reason
    weighs more than what surrounds it. Tag scores say how likely a token belongs to each of `TAGS`.

    The heads of the flags and the tag scores only steer what the encoder learns: `_tokens` reads
    both better afterwards.

    Parameters
    ----------
    base
        The folder of the encoder's weights (``config.json``, ``model.safetensors``).
    labels
        The names of the outputs.
    layers
        How many layers are kept, from the lowest.
    dropout
        Share of the vector that is dropped before the heads while training.
    """

    def __init__(self, base: Path, labels: Labels, layers: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.encoder = AutoModel.from_pretrained(
            base, attn_implementation="eager", attention_probs_dropout_prob=0.0
        )
        self.encoder.pooler = None
        self.encoder.encoder.layer = self.encoder.encoder.layer[:layers]
        # Layers and heads learn. The table of words stays: a word that the corpus never uses keeps
        # its neighbours. So do the places of words, which all layers of mpnet share.
        self.encoder.requires_grad_(False)
        self.encoder.encoder.layer.requires_grad_(True)
        width = self.encoder.config.hidden_size
        self.pointer = nn.Linear(width, 1)
        self.tagger = nn.Linear(width, len(TAGS))
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(2 * width, n) for name, n in labels.widths().items()}
        )

    def words(self, ids: Tensor) -> Tensor:
        """Return the vectors of words, [n, t, d], before anything is read."""
        table: nn.Embedding = self.encoder.get_input_embeddings()
        vectors: Tensor = table(ids)
        return vectors

    def layers(self, words: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        """Return the token vectors [n, t, d] before the first layer and after each one."""
        seen = self.encoder(inputs_embeds=words, attention_mask=mask, output_hidden_states=True)
        hidden: tuple[Tensor, ...] = seen.hidden_states
        return hidden

    def read(self, hidden: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the vectors [n, 2d] and the token scores [n, t] from the top layer's tokens."""
        marks = self.pointer(hidden).squeeze(-1)
        present = mask.to(hidden.dtype)
        mean = (hidden * present[..., None]).sum(1) / present.sum(1, keepdim=True)
        weights = torch.softmax(marks.masked_fill(mask == 0, -1e4), dim=1)
        pointed = (hidden * weights[..., None]).sum(1)
        return torch.cat([mean, pointed], dim=1), marks

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Return the margins of every output, the token scores and the tag scores."""
        with in_16_bits():
            *_, hidden = self.layers(self.words(ids), mask)
        hidden = hidden.float()
        vectors, marks = self.read(hidden, mask)
        vectors = self.dropout(vectors)
        margins = {name: head(vectors) for name, head in self.heads.items()}
        return margins, marks, self.tagger(hidden)

    def parameter_groups(self, rate: float, head_rate: float, decay: float) -> list[dict[str, Any]]:
        """Return the optimizer's groups: each layer learns slower than the one above it."""
        parts = (self.pointer, self.tagger, self.heads)
        new = [parameter for part in parts for parameter in part.parameters()]
        layers = list(self.encoder.encoder.layer)
        groups: list[dict[str, Any]] = [{"params": new, "lr": head_rate}]
        for depth, layer in enumerate(reversed(layers)):
            groups.append({"params": list(layer.parameters()), "lr": rate * decay**depth})
        return groups


def in_16_bits() -> torch.autocast:
    """Multiply in bfloat16 within this context, where the processor is faster at it (AMX)."""
    faster = bool(torch.cpu.get_capabilities().get("amx_bf16"))
    return torch.autocast("cpu", torch.bfloat16, enabled=faster)
