"""From the fine-tuned network to what a bundle holds: an ONNX graph in 8 bits, heads as arrays."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from lossnlp.model import Labels, LinearHeads, OnnxEncoder
from lossnlp.training._network import LossNetwork

_OPSET = 17
_LARGE = 10_000  # tables of fewer numbers stay in 32 bits


def export(
    network: LossNetwork, labels: Labels, tokenizer: bytes
) -> tuple[OnnxEncoder, LinearHeads]:
    """Return the encoder and the heads of a fine-tuned network, free of torch.

    Weights are stored as 8-bit integers with a scale for each output column (each row of a table
    of embeddings) and computed in 32-bit floats.
    """
    graph = _store_in_8_bits(_graph(network)).SerializeToString()
    parts = {
        name: (head.weight.detach().numpy().T, head.bias.detach().numpy())
        for name, head in network.heads.items()
    }
    return OnnxEncoder(graph, tokenizer), LinearHeads.join(labels, parts)


class _Reader(nn.Module):
    """The part of the network that becomes the graph."""

    def __init__(self, network: LossNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.read(ids, mask)


def _graph(network: LossNetwork) -> onnx.ModelProto:
    example = torch.ones(2, 7, dtype=torch.long)
    free = {0: "texts", 1: "tokens"}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "encoder.onnx"
        torch.onnx.export(
            _Reader(network).eval(),
            (example, example),
            path,
            input_names=["ids", "mask"],
            output_names=["vectors", "marks"],
            dynamic_axes={"ids": free, "mask": free, "vectors": {0: "texts"}, "marks": free},
            opset_version=_OPSET,
            dynamo=False,
        )
        return onnx.load(path)


def _store_in_8_bits(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace each large table by integers and scales, multiplied where the graph needs them."""
    graph = model.graph
    tables = {
        t.name: t for t in graph.initializer if np.prod(t.dims) >= _LARGE and len(t.dims) == 2
    }
    nodes = []
    for node in graph.node:
        used = [name for name in node.input if name in tables]
        if node.op_type == "Gather" and used:
            nodes += _gathered(node, used[0])
        else:
            nodes += [part for name in used for part in _scaled(name)]
            nodes.append(node)
    for name, table in tables.items():
        gathered = any(n.op_type == "Gather" and name in n.input for n in graph.node)
        whole, scale = _rounded(numpy_helper.to_array(table), axis=1 if gathered else 0)
        graph.initializer.remove(table)
        graph.initializer.append(numpy_helper.from_array(whole, f"{name}.whole"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}.scale"))
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def _rounded(table: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 8-bit integers and the scale of each slice, table ≈ integers · scale."""
    scale = np.maximum(np.abs(table).max(axis=axis, keepdims=True), 1e-12) / 127
    return np.round(table / scale).astype(np.int8), scale.astype(np.float32)


def _scaled(name: str) -> list[onnx.NodeProto]:
    return [
        helper.make_node("Cast", [f"{name}.whole"], [f"{name}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{name}.cast", f"{name}.scale"], [name]),
    ]


def _gathered(node: onnx.NodeProto, name: str) -> list[onnx.NodeProto]:
    """Look up integers and scales by row, then multiply: the table itself is never widened."""
    out, rows = node.output[0], node.input[1]
    return [
        helper.make_node("Gather", [f"{name}.whole", rows], [f"{out}.whole"], axis=0),
        helper.make_node("Gather", [f"{name}.scale", rows], [f"{out}.scale"], axis=0),
        helper.make_node("Cast", [f"{out}.whole"], [f"{out}.cast"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{out}.cast", f"{out}.scale"], [out]),
    ]
