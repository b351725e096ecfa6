"""The service without HTTP: from a valid request to its answer."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Sequence

from sqlalchemy.exc import SQLAlchemyError

from lossnlp import __version__
from lossnlp.deals import Deal
from lossnlp.model import Suggestion
from lossnlp.service._answers import Label
from lossnlp.service._feedback import Choice, FeedbackStore
from lossnlp.service._keys import Keys
from lossnlp.service._lane import Lane
from lossnlp.service._logs import LOGGER
from lossnlp.service._metrics import Metrics
from lossnlp.service._problems import FieldError, Problem
from lossnlp.service._recent import Recent, Suggested, is_blind
from lossnlp.service._requests import CheckIn, FeedbackIn, ScoredDealIn, ScoreIn, SuggestIn
from lossnlp.service._schemas import (
    CheckOut,
    FeedbackOut,
    ModelOut,
    ScoreEntry,
    ScoreOut,
    SuggestOut,
    TaxonomyOut,
)
from lossnlp.service._serving import Loaded, Serving
from lossnlp.service._settings import Settings


class Service:
    """Everything behind the routes.

    Suggestions, calls with many deals and the database have a lane each, so that a long batch
    or a slow disk does not hold up a rep who types.

    Attributes
    ----------
    draining
        Set when the process is about to end: requests are still answered, but no more should
        be sent.
    failure
        The error because of which the service could not start.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.keys = Keys(settings.keys, settings.basic)
        self.serving = Serving(settings, self.metrics)
        self.draining = False
        self.failure: Exception | None = None
        self._recent = Recent()
        self._store: FeedbackStore | None = None
        timeout = settings.timeout_seconds
        self._single = Lane("suggest", settings.thread_count, settings.max_waiting, timeout)
        self._batch = Lane("score", 1, 2, _BATCH_PATIENCE * timeout)
        self._database = Lane("feedback", 1, settings.max_waiting, timeout)

    async def start(self) -> None:
        """Open the database and load the model; an error is kept in ``failure``."""
        try:
            self._store = await asyncio.to_thread(FeedbackStore, self.settings.database)
            await self.serving.start()
        except Exception as error:  # noqa: BLE001 - whoever runs the server raises it
            self.failure = error
            LOGGER.exception("not started")

    def check_ready(self) -> None:
        """Raise the problem 503 unless new requests should be sent here."""
        if self.failure is not None:
            raise Problem("not-ready", "The service could not start; the log says why.")
        if self.draining:
            raise Problem("not-ready", "The service is shutting down.")
        _ = self.serving.current

    async def suggest(self, request: SuggestIn) -> SuggestOut:
        """Suggest reasons for a deal, or hold them back if its id falls into the blind share."""
        started = time.perf_counter()
        loaded = self.serving.current
        deal, cut = request.to_deal(self.settings.max_text_chars)
        said = await self._single.run(_read_one, loaded, deal)
        suggestion_id = request.suggestion_id or secrets.token_hex(16)
        codes = tuple(reason.code for reason in said.reasons)
        self._recent.add(suggestion_id, Suggested(codes, said.model))
        blind = is_blind(suggestion_id, self.settings.blind_share)
        outcome = "blind" if blind else "needs_detail" if said.needs_detail else "shown"
        self.metrics.suggestions.labels(outcome).inc()
        reading = loaded.answers.blind(said) if blind else loaded.answers.reading(said, cut)
        return SuggestOut.model_construct(
            **dict(reading),
            suggestion_id=suggestion_id,
            blind=blind,
            milliseconds=_since(started),
        )

    async def check(self, request: CheckIn) -> CheckOut:
        """Say whether the text supports a label."""
        started = time.perf_counter()
        loaded = self.serving.current
        label = _known_label(loaded, request.label, "/label")
        deal, cut = request.to_deal(self.settings.max_text_chars)
        said = await self._single.run(_read_one, loaded, deal)
        return loaded.answers.check(said, label, cut, _since(started))

    async def score(self, request: ScoreIn) -> ScoreOut:
        """Read several deals; a bad one gets an entry that says so."""
        started = time.perf_counter()
        loaded = self.serving.current
        entries = request.entries()
        if len(entries) > self.settings.max_deals:
            too_many = FieldError(pointer="/deals", detail=f"at most {self.settings.max_deals}")
            raise Problem("not-valid", "There are too many deals in one call.", [too_many])
        good = [entry for entry in entries if isinstance(entry, ScoredDealIn)]
        deals = [entry.to_deal(self.settings.max_text_chars) for entry in good]
        said = iter(await self._batch.run(_read_all, loaded, [deal for deal, _ in deals]))
        cuts = iter(cut for _, cut in deals)
        results = [
            ScoreEntry(
                index=index,
                id=entry.id,
                suggestion=loaded.answers.reading(next(said), next(cuts)),
            )
            if isinstance(entry, ScoredDealIn)
            else ScoreEntry(index=index, errors=entry)
            for index, entry in enumerate(entries)
        ]
        return ScoreOut(results=results, milliseconds=_since(started))

    async def feedback(self, request: FeedbackIn) -> FeedbackOut:
        """Keep what the rep chose; when this returns, it is on disk."""
        loaded = self.serving.current
        store = self._opened_store
        label = _known_label(loaded, request.chosen, "/chosen")
        suggested = self._recent.get(request.suggestion_id)
        rank = suggested.rank(label.codes) if suggested else None
        choice = Choice(
            suggestion_id=request.suggestion_id,
            chosen=label.name,
            suggested=";".join(suggested.codes) if suggested else None,
            rank=rank,
            blind=is_blind(request.suggestion_id, self.settings.blind_share),
            model=suggested.model if suggested else None,
            taxonomy=loaded.model.taxonomy.version,
        )
        if await self._database.run(_keep, store, choice):
            self._count_choice(choice)
        return FeedbackOut(
            suggestion_id=request.suggestion_id,
            chosen=label.name,
            rank=rank,
            known=suggested is not None,
        )

    def taxonomy(self) -> TaxonomyOut:
        """Return the taxonomy of the model in use."""
        return self.serving.current.answers.taxonomy()

    def model(self) -> ModelOut:
        """Return which model is in use, and the limits."""
        model = self.serving.current.model
        settings = self.settings
        return ModelOut(
            model=model.id,
            taxonomy=model.taxonomy.version,
            lossnlp=__version__,
            max_body_bytes=settings.max_body_bytes,
            max_text_chars=settings.max_text_chars,
            max_deals=settings.max_deals,
            blind_share=settings.blind_share,
        )

    def close(self) -> None:
        """Let running work end and close the database."""
        for lane in (self._single, self._batch, self._database):
            lane.close()
        if self._store is not None:
            self._store.close()

    @property
    def _opened_store(self) -> FeedbackStore:
        if self._store is None:
            raise Problem("not-ready", "The database is being opened.", headers=_SOON)
        return self._store

    def _count_choice(self, choice: Choice) -> None:
        rank = {None: "unknown", 0: "other"}.get(choice.rank, str(choice.rank))
        self.metrics.feedback.labels(rank, str(choice.blind).lower()).inc()


_SOON = {"Retry-After": "1"}
_FEW = 16
_BATCH_PATIENCE = 6


def _read_one(loaded: Loaded, deal: Deal) -> Suggestion:
    return loaded.model.read([deal])[0]


def _read_all(loaded: Loaded, deals: Sequence[Deal]) -> list[Suggestion]:
    """Read deals a few at a time: in between, a rep who types gets a turn at the text reader."""
    return [
        said
        for start in range(0, len(deals), _FEW)
        for said in loaded.model.read(deals[start : start + _FEW])
    ]


def _keep(store: FeedbackStore, choice: Choice) -> bool:
    try:
        return store.keep(choice)
    except SQLAlchemyError as error:
        LOGGER.exception("choice not kept")
        raise Problem(
            "not-kept", "The database did not take it; send it again.", headers=_SOON
        ) from error


def _known_label(loaded: Loaded, text: str, pointer: str) -> Label:
    """Return what a label stands for; the problem 422 names its field if nobody knows it."""
    label = loaded.answers.label(text)
    if label is None:
        wrong = FieldError(
            pointer=pointer, detail="is neither a reason code nor a value of the crosswalk"
        )
        raise Problem("not-valid", "The label is not known; see errors.", [wrong])
    return label


def _since(started: float) -> float:
    return round(1000 * (time.perf_counter() - started), 2)
