"""From the fine-tuned network to what a bundle holds: an ONNX graph in 8 bits, heads as arrays.

Tables of embeddings are 8-bit integers with a scale a row; that of the words stands beside the
graph. A product of activations and weights is one of integers: activations in 8 bits by scales that
were fixed beforehand, weights in 7. Fixed scales let no text depend on another; 7 bits, because
processors without VNNI add pairs of products in 16 bits, which 8-bit weights overflow: the sums are
exact on all machines.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from lossnlp.model import MAX_TOKENS, Labels, LinearHeads, OnnxEncoder, Words, integers_of
from lossnlp.training._examples import FLAGS
from lossnlp.training._network import LossNetwork
from lossnlp.training._tokens import TokenLayer, tokens_of

Floats: TypeAlias = NDArray[np.float32]

_OPSET = 17
_LARGE = 10_000  # tables of fewer numbers stay in 32 bits
_WEIGHT, _ACTIVATION, _ZERO = 63, 127, 128  # largest integers, and the one that stands for 0.0
_SMOOTHED = 0.85  # share of the activations' spread that moves into the weights, 0 to 1
_SEEN = 300  # texts that show how large activations become
_FLAG_SCALE = 0.1  # makes log-odds as small as the other numbers of a vector


def export(
    network: LossNetwork,
    layer: TokenLayer,
    labels: Labels,
    tokenizer: bytes,
    texts: Sequence[str],
) -> tuple[OnnxEncoder, LinearHeads]:
    """Return the encoder and the heads of a fine-tuned network, free of torch.

    The encoder's vectors are the network's, beside the log-odds of the flags. ``texts`` are what it
    was taught: a sample of them fixes the scales of the activations.
    """
    chosen = random.Random(0).sample(texts, min(_SEEN, len(texts)))  # noqa: S311 - keeps no secret
    reader = Tokenizer.from_str(tokenizer.decode())
    reader.no_padding()
    reader.enable_truncation(MAX_TOKENS)
    words = _words(network)
    read = [words.vectors(np.array([reader.encode(text).ids])) for text in chosen]
    graph = _in_8_bits(_graph(_Reader(network, layer).eval()), read)
    return OnnxEncoder(graph.SerializeToString(), tokenizer, words), _heads(network, labels)


def _words(network: LossNetwork) -> Words:
    """Return the vectors of all tokens, in 8 bits."""
    table = network.encoder.get_input_embeddings().weight
    return Words(*integers_of(table.detach().numpy()))


def _heads(network: LossNetwork, labels: Labels) -> LinearHeads:
    """Return the heads as one layer on the vectors, of which the last numbers are the flags."""
    k = len(labels.codes)
    flags = len(FLAGS) * k
    parts = {
        name: (
            np.pad(head.weight.detach().numpy().T, ((0, flags), (0, 0))),
            head.bias.detach().numpy(),
        )
        for name, head in network.heads.items()
        if name not in FLAGS
    }
    above = len(parts["primary"][0]) - flags
    for place, name in enumerate(FLAGS):
        parts[name] = np.eye(above + flags, k, -above - place * k) / _FLAG_SCALE, np.zeros(k)
    return LinearHeads.join(labels, parts)


class _Reader(nn.Module):
    """What becomes the graph."""

    def __init__(self, network: LossNetwork, layer: TokenLayer) -> None:
        super().__init__()
        self.network, self.layer = network, layer

    def forward(self, words: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        layers = self.network.layers(words, mask)
        vectors, marks = self.network.read(layers[-1], mask)
        flags, tags = self.layer(tokens_of(layers), mask)
        return torch.cat([vectors, _FLAG_SCALE * flags], dim=1), marks, tags


def _graph(reader: _Reader) -> onnx.ModelProto:
    mask = torch.ones(2, 7, dtype=torch.long)
    words = reader.network.words(mask)
    free = {0: "texts", 1: "tokens"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            reader,
            (words, mask),
            path,
            input_names=["words", "mask"],
            output_names=["vectors", "marks", "tags"],
            dynamic_axes={
                "words": free,
                "mask": free,
                "vectors": {0: "texts"},
                "marks": free,
                "tags": free,
            },
            opset_version=_OPSET,
            dynamo=False,
        )
        return onnx.load(path)


def _in_8_bits(model: onnx.ModelProto, texts: Sequence[Floats]) -> onnx.ModelProto:
    """Replace each large table, and the products with it, by integers and scales."""
    graph = model.graph
    tables = {
        t.name: numpy_helper.to_array(t)
        for t in graph.initializer
        if np.prod(t.dims) >= _LARGE and len(t.dims) == 2
    }
    products = _Products(graph, tables, _largest(model, tables, texts))
    nodes = []
    for node in graph.node:
        used = [name for name in node.input if name in tables]
        if not used:
            nodes.append(node)
        elif node.op_type == "Gather":
            nodes += _gathered(node, used[0])
        else:
            nodes += products.of(node)
    looked_up = {n.input[0] for n in graph.node if n.op_type == "Gather"} & tables.keys()
    small = [t for t in graph.initializer if t.name not in tables]
    kept = [*small, *products.kept, *_stored({name: tables[name] for name in looked_up})]
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    onnx.checker.check_model(model)
    return model


def _largest(
    model: onnx.ModelProto, tables: Mapping[str, Floats], texts: Sequence[Floats]
) -> dict[str, Floats]:
    """Return the largest magnitude of each column of what is multiplied with a table.

    ``texts`` are the vectors of their words, [1, t, w] each.
    """
    watched = onnx.ModelProto()
    watched.CopyFrom(model)
    names = dict.fromkeys(node.input[0] for node in _multiplied(model.graph, tables))
    for name in names:
        watched.graph.output.append(helper.make_empty_tensor_value_info(name))
    session = onnxruntime.InferenceSession(watched.SerializeToString())
    largest: dict[str, Floats] = {}
    for words in texts:
        mask = np.ones(words.shape[:2], dtype=np.int64)
        values = session.run(list(names), {"words": words, "mask": mask})
        for name, value in zip(names, values, strict=True):
            here = np.abs(value).reshape(-1, value.shape[-1]).max(axis=0)
            largest[name] = np.maximum(largest.get(name, here), here)
    return largest


def _multiplied(graph: onnx.GraphProto, tables: Mapping[str, Floats]) -> Iterator[onnx.NodeProto]:
    return (n for n in graph.node if n.op_type == "MatMul" and n.input[1] in tables)


class _Products:
    """Products with a table as products of integers.

    Some columns of a transformer's activations are far larger than the others. Their spread is
    moved into the weights, column j of the activations divided and row j of the table multiplied
    by ``max|x_j|^a / max|w_j|^(1-a)`` (SmoothQuant, Xiao et al. 2023, eq. 4), before both are
    rounded. What several tables are multiplied with is rounded once.
    """

    def __init__(
        self, graph: onnx.GraphProto, tables: Mapping[str, Floats], largest: Mapping[str, Floats]
    ) -> None:
        self._tables = tables
        self._scales: dict[str, Floats] = {}
        for name, top in largest.items():
            users = [n.input[1] for n in _multiplied(graph, tables) if n.input[0] == name]
            weight = np.max([np.abs(tables[user]).max(axis=1) for user in users], axis=0)
            top, weight = np.maximum(top, 1e-6), np.maximum(weight, 1e-6)
            smooth = top**_SMOOTHED / weight ** (1 - _SMOOTHED)
            self._scales[name] = (smooth * (top / smooth).max() / _ACTIVATION).astype(np.float32)
        self._rounded: set[str] = set()
        one = numpy_helper.from_array(np.array(1, dtype=np.float32), "one")
        zero = numpy_helper.from_array(np.array(_ZERO, dtype=np.uint8), "zero")
        self.kept = [one, zero]

    def of(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """Return the nodes that stand for a product with a table, and keep what they need."""
        name, table = node.input
        smoothed = self._tables[table] * self._scales[name][:, None]
        whole, scale = integers_of(smoothed, axis=0, top=_WEIGHT)
        self.kept.append(numpy_helper.from_array(whole, f"{table}.whole"))
        self.kept.append(numpy_helper.from_array(scale[0], f"{table}.scale"))
        product = helper.make_node(
            "MatMulIntegerToFloat",
            [f"{name}.whole", f"{table}.whole", "one", f"{table}.scale", "zero"],
            list(node.output),
            domain="com.microsoft",
        )
        return [*self._whole(name), product]

    def _whole(self, name: str) -> list[onnx.NodeProto]:
        if name in self._rounded:
            return []
        self._rounded.add(name)
        self.kept.append(numpy_helper.from_array(1 / self._scales[name], f"{name}.factor"))
        return [
            helper.make_node("Mul", [name, f"{name}.factor"], [f"{name}.scaled"]),
            helper.make_node(
                "QuantizeLinear", [f"{name}.scaled", "one", "zero"], [f"{name}.whole"]
            ),
        ]


def _stored(tables: Mapping[str, Floats]) -> Iterator[onnx.TensorProto]:
    for name, table in tables.items():
        whole, scale = integers_of(table)
        yield numpy_helper.from_array(whole, f"{name}.whole")
        yield numpy_helper.from_array(scale, f"{name}.scale")


def _gathered(node: onnx.NodeProto, name: str) -> list[onnx.NodeProto]:
    """Look up integers and scales by row, then multiply: the table itself is never widened."""
    out, rows = node.output[0], node.input[1]
    return [
        helper.make_node("Gather", [f"{name}.whole", rows], [f"{out}.whole"], axis=0),
        helper.make_node("Gather", [f"{name}.scale", rows], [f"{out}.scale"], axis=0),
        helper.make_node("Cast", [f"{out}.whole"], [f"{out}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}.cast", f"{out}.scale"], [out]),
    ]
