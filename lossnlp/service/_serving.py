"""The model in use: loaded, checked, and exchanged for another while requests go on."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from lossnlp.model import LossModel, load
from lossnlp.service._answers import Answers
from lossnlp.service._logs import LOGGER, log_event
from lossnlp.service._metrics import Metrics
from lossnlp.service._problems import Problem
from lossnlp.service._settings import Settings
from lossnlp.taxonomy import Crosswalk
from lossnlp.text import TextReader

#: What makes the readers of text load what they load late: names, dates, other languages.
_WARM_UP = (
    "Went w/ Workday, half the price. Revisit at their renewal in March, or in 6 months.",
    "Zu teuer für sie, im März wieder anrufen.",
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model and the answers that go with its taxonomy; exchanged as one."""

    model: LossModel
    answers: Answers


def load_checked(settings: Settings) -> Loaded:
    """Load the bundle, which checks its golden notes, and run first inferences through it."""
    reader = TextReader(settings.competitors, settings.fiscal_year_start, settings.own_names)
    model = load(settings.model, reader=reader)
    crosswalk = None
    if settings.crosswalk is not None:
        crosswalk = Crosswalk.read(settings.crosswalk, model.taxonomy)
    answers = Answers(model.taxonomy, crosswalk)
    for note in _WARM_UP:
        answers.reading(model.suggest(note), cut=False)
    return Loaded(model, answers)


class Serving:
    """Holds the model in use."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._loaded: Loaded | None = None
        self._reloading = asyncio.Lock()

    @property
    def current(self) -> Loaded:
        """Return the model in use, or raise the problem 503 while the first one is loading."""
        if self._loaded is None:
            raise Problem("not-ready", "The model is loading.", headers={"Retry-After": "2"})
        return self._loaded

    async def start(self) -> None:
        """Load the first bundle."""
        self._use(await asyncio.to_thread(load_checked, self._settings))

    async def reload(self) -> str:
        """Load the bundle again and use it; return its id.

        Requests go on with the old model until the new one is loaded and checked, and after
        that, too, if it cannot be used.

        Raises
        ------
        Problem
            409, if a reload is running already, or if the bundle cannot be used.
        """
        if self._reloading.locked():
            raise Problem("reload-running", "Wait for it to end.")
        async with self._reloading:
            try:
                self._use(await asyncio.to_thread(load_checked, self._settings))
            except Exception as error:
                self._metrics.reloads.labels("refused").inc()
                LOGGER.exception("bundle refused")
                raise Problem("bundle-refused", "The log says why.") from error
        self._metrics.reloads.labels("used").inc()
        return self.current.model.id

    def _use(self, loaded: Loaded) -> None:
        self._loaded = loaded
        names = {"model": loaded.model.id, "taxonomy": loaded.model.taxonomy.version}
        self._metrics.model.info(names)
        log_event(logging.INFO, "model in use", **names)
