"""The sentence encoder: a fine-tuned transformer run by onnxruntime, without torch.

The graph takes the vectors of a text's tokens and a mask and gives one vector a text and scores
for each token: how likely it belongs to the stretch that carries the reason, and to each tag. Each
text is read by itself: its vector is the same to the last bit whatever stands beside it, and
several texts are read side by side.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lossnlp._errors import BundleError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnxruntime import InferenceSession
    from tokenizers import Encoding

#: Texts are cut after this many tokens; the longest starter deal has 298.
MAX_TOKENS = 320


class Marks(NamedTuple):
    """The tokens of a text: ``spans`` [t, 2] in characters, ``scores`` [t] evidence log-odds.

    ``tags`` [t, 2] are the log-odds of `lossnlp.text.TAGS`, None from an encoder without them.
    """

    spans: NDArray[np.int64]
    scores: NDArray[np.float32]
    tags: NDArray[np.float32] | None


class Encoded(NamedTuple):
    """What an encoder gives for n texts.

    ``vectors`` [n, d] float32; ``truncated`` [n] bool; ``marks`` the tokens of each text.
    """

    vectors: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    marks: list[Marks]


class Words(NamedTuple):
    """The vectors of an encoder's tokens in 8 bits: ``whole`` [v, w] int8, ``scale`` [v, 1]."""

    whole: NDArray[np.int8]
    scale: NDArray[np.float32]

    def vectors(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of tokens, [..., w]."""
        found: NDArray[np.float32] = self.whole[ids] * self.scale[ids]
        return found


class OnnxEncoder:
    """A sentence encoder whose vector of a text does not depend on the other texts.

    Parameters
    ----------
    graph
        The ONNX graph: inputs ``words`` [1, t, w] and ``mask`` [1, t] int64, outputs ``vectors``
        [1, d], ``marks`` [1, t] and ``tags`` [1, t, 2]. In bundles of schema 1 it takes ``ids``
        [1, t] in place of ``words``, and the oldest have no ``tags``.
    tokenizer
        The tokenizer as JSON. Its own padding and truncation are set aside.
    words
        The vectors of its tokens; None for a graph that takes ``ids``.
    threads
        How many may work at a time, on one text or on several; by default the cores that this
        process may use.

    Raises
    ------
    BundleError
        If the graph or the tokenizer cannot be read, or the words are not the tokenizer's.
    """

    def __init__(
        self,
        graph: bytes,
        tokenizer: bytes,
        words: Words | None = None,
        threads: int | None = None,
    ) -> None:
        from tokenizers import Tokenizer

        self._threads = threads or available_cores()
        self._graph = graph
        self._running = 0
        self._lock = threading.Lock()
        try:
            self._first = _session(graph, self._threads)
            self._tokenizer = Tokenizer.from_str(tokenizer.decode())
        except Exception as error:  # onnxruntime and tokenizers raise bare Exceptions
            raise BundleError(f"the encoder cannot be read ({error}); train it again") from error
        tokens = self._tokenizer.get_vocab_size()
        if words is not None and not len(words.whole) == len(words.scale) == tokens:
            raise BundleError("the encoder's words do not fit its tokenizer; train it again")
        self._outputs = [output.name for output in self._first.get_outputs()]
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self.files = {"graph": graph, "tokenizer": tokenizer}
        self.words = words

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return a vector and token scores for each text, and whether it was cut."""
        tokens = self._tokenizer.encode_batch(list(texts))
        if len(tokens) > 1 and self._threads > 1:
            with ThreadPoolExecutor(self._threads) as pool:
                outputs = list(pool.map(self._read, tokens))
        else:
            outputs = [self._read(t) for t in tokens]
        return Encoded(
            np.array([vector for vector, _ in outputs], dtype=np.float32),
            np.array([bool(t.overflowing) for t in tokens], dtype=bool),
            [marks for _, marks in outputs],
        )

    def _read(self, tokens: Encoding) -> tuple[NDArray[np.float32], Marks]:
        ids = np.array([tokens.ids], dtype=np.int64)
        text = {"ids": ids} if self.words is None else {"words": self.words.vectors(ids)}
        with self._free_session() as session:
            vectors, scores, *tags = session.run(self._outputs, {**text, "mask": np.ones_like(ids)})
        spans = np.array(tokens.offsets, dtype=np.int64)
        return vectors[0], Marks(spans, scores[0], tags[0][0] if tags else None)

    @contextmanager
    def _free_session(self) -> Iterator[InferenceSession]:
        """Give a text that is read alone all threads, and each of several texts one."""
        with self._lock:
            self._running += 1
            session = self._first if self._running == 1 else self._beside
        try:
            yield session
        finally:
            with self._lock:
                self._running -= 1

    @cached_property
    def _beside(self) -> InferenceSession:
        return self._first if self._threads == 1 else _session(self._graph, 1)


def _session(graph: bytes, threads: int) -> InferenceSession:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    settings.inter_op_num_threads = 1
    settings.enable_cpu_mem_arena = False
    settings.enable_mem_pattern = False
    settings.log_severity_level = 3
    # Threads that wait awake make one text quicker, but only while it is read.
    settings.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(graph, settings, providers=["CPUExecutionProvider"])


def available_cores() -> int:
    """Return the number of cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
