"""Blocks in, scores out, in order: one process a core, each with a model of its own.

Processes, not threads: the encoder lets go of the interpreter's lock, the rules for words,
competitors and dates do not.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import connection, get_context, parent_process
from typing import Protocol

import pyarrow as pa
from threadpoolctl import threadpool_limits

from lossnlp._errors import LossnlpError
from lossnlp.deals import Layout
from lossnlp.scoring._blocks import Block
from lossnlp.scoring._scorer import Excerpt, Scorer, Task, excerpt, open_scorer

Scored = tuple[Block, pa.RecordBatch]


class Engine(Protocol):
    """A loaded model at work: its id, and its answers block by block, in order."""

    model: str

    def scored(self, blocks: Iterable[Block], layout: Layout) -> Iterator[Scored]:
        """Yield every block with its scores, in order."""


def cores() -> int:
    """Return how many cores this process may use, by its affinity and its container's quota."""
    from joblib import cpu_count

    return int(cpu_count())


@contextmanager
def open_engine(task: Task, workers: int) -> Iterator[Engine]:
    """Load the model, here for one worker, else in as many processes as there are workers."""
    if workers == 1:
        yield _Here(open_scorer(task))
        return
    executor = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_start, initargs=(task,)
    )
    try:
        yield _Pool(executor, workers)
    except BrokenProcessPool as error:
        raise LossnlpError(
            "a scoring process was ended from outside (out of memory?), or a script calls score "
            "outside of `if __name__ == '__main__':`; use fewer --workers, then go on with --resume"
        ) from error
    finally:
        executor.shutdown(cancel_futures=True)


class _Here:
    """Scores in this process."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.model = scorer.model

    def scored(self, blocks: Iterable[Block], layout: Layout) -> Iterator[Scored]:
        for block in blocks:
            yield block, self._scorer.score(excerpt(block, layout))


class _Pool:
    """Scores in processes, and reads the next blocks meanwhile."""

    def __init__(self, executor: ProcessPoolExecutor, workers: int) -> None:
        self._executor = executor
        self._ahead = 2 * workers
        self.model = executor.submit(_model).result()

    def scored(self, blocks: Iterable[Block], layout: Layout) -> Iterator[Scored]:
        waiting: deque[tuple[Block, Future[pa.RecordBatch]]] = deque()
        for block in blocks:
            waiting.append((block, self._executor.submit(_score, excerpt(block, layout))))
            if len(waiting) > self._ahead:
                done, future = waiting.popleft()
                yield done, future.result()
        while waiting:
            done, future = waiting.popleft()
            yield done, future.result()


_task: Task | None = None


def _start(task: Task) -> None:
    """Set up a worker: one thread for everything, and an end with its parent."""
    global _task
    _task = replace(task, threads=1)
    parent = parent_process()
    assert parent is not None  # noqa: S101 - a spawned process has one
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted, and ends this one
    os.environ.update(RAYON_NUM_THREADS="1", TOKENIZERS_PARALLELISM="false")
    threadpool_limits(1)
    pa.set_cpu_count(1)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def _scorer() -> Scorer:
    assert _task is not None  # noqa: S101 - _start has run
    return open_scorer(_task)


def _model() -> str:
    return _scorer().model


def _score(rows: Excerpt) -> pa.RecordBatch:
    return _scorer().score(rows)
