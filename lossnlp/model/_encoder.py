"""The sentence encoder: a fine-tuned transformer run by onnxruntime, without torch.

The graph takes token ids and a mask and gives one vector a text and one score a token: how likely
the token belongs to the stretch that carries the reason. Weights are stored in 8 bits and computed
in 32, so that a text's vector does not depend on its neighbours in a batch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lossnlp._errors import BundleError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from tokenizers import Encoding

#: Texts are cut after this many tokens; the longest starter deal has 298.
MAX_TOKENS = 320
_TOKENS_A_RUN = 1024  # longest text times texts, at most: bounds the memory of a run


class Marks(NamedTuple):
    """The tokens of a text: ``spans`` [t, 2] in characters, ``scores`` [t] evidence log-odds."""

    spans: NDArray[np.int64]
    scores: NDArray[np.float32]


class Encoded(NamedTuple):
    """What an encoder gives for n texts.

    ``vectors`` [n, d] float32; ``truncated`` [n] bool; ``marks`` the tokens of each text.
    """

    vectors: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    marks: list[Marks]


class OnnxEncoder:
    """A sentence encoder whose vector of a text does not depend on the other texts.

    Parameters
    ----------
    graph
        The ONNX graph: inputs ``ids`` and ``mask`` [n, t] int64, outputs ``vectors`` [n, d] and
        ``marks`` [n, t].
    tokenizer
        The tokenizer as JSON. Its own padding and truncation are set aside.
    threads
        Threads of one inference; by default the cores that this process may use.

    Raises
    ------
    BundleError
        If the graph or the tokenizer cannot be read.
    """

    def __init__(self, graph: bytes, tokenizer: bytes, threads: int | None = None) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads or available_cores()
        settings.inter_op_num_threads = 1
        settings.enable_cpu_mem_arena = False
        settings.enable_mem_pattern = False
        settings.log_severity_level = 3
        settings.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                graph, settings, providers=["CPUExecutionProvider"]
            )
            self._tokenizer = Tokenizer.from_str(tokenizer.decode())
            self._pad = int(json.loads(tokenizer)["padding"]["pad_id"])
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions
            raise BundleError(f"the encoder cannot be read ({error}); train it again") from error
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self.files = {"graph": graph, "tokenizer": tokenizer}

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector and token scores for each text, and whether it was cut."""
        tokens = self._tokenizer.encode_batch(list(texts))
        outputs: dict[int, tuple[NDArray[np.float32], Marks]] = {}
        for chosen in _runs([len(t) for t in tokens]):
            vectors, scores = self._session.run(
                ["vectors", "marks"], self._inputs([tokens[i] for i in chosen])
            )
            for i, vector, score in zip(chosen, vectors, scores, strict=True):
                spans = np.array(tokens[i].offsets, dtype=np.int64).reshape(-1, 2)
                outputs[i] = vector, Marks(spans, score[: len(spans)])
        return Encoded(
            np.array([outputs[i][0] for i in range(len(texts))], dtype=np.float32),
            np.array([bool(t.overflowing) for t in tokens], dtype=bool),
            [outputs[i][1] for i in range(len(texts))],
        )

    def _inputs(self, tokens: Sequence[Encoding]) -> dict[str, NDArray[np.int64]]:
        longest = max(len(t) for t in tokens)
        ids = np.full((len(tokens), longest), self._pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, t in enumerate(tokens):
            ids[row, : len(t)] = t.ids
            mask[row, : len(t)] = 1
        return {"ids": ids, "mask": mask}


def available_cores() -> int:
    """Return the number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _runs(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Group texts of like length, so that little is padded; yield their positions."""
    run: list[int] = []
    for position in sorted(range(len(lengths)), key=lengths.__getitem__):
        if run and (len(run) + 1) * lengths[position] > _TOKENS_A_RUN:
            yield run
            run = []
        run.append(position)
    if run:
        yield run
