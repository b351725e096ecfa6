"""How sure it is that a label is wrong: what the text says, weighed with how labels are used here.

The text's witness is the reference model, which has never seen the company's labels. A label is
evidence too, and how much depends on habit: where everyone picks Price by default, Price says
little. The habits (how often each value is picked for each true reason) are estimated from the
labels and the model's probabilities together, by expectation-maximisation as in Dawid and Skene
(1979, doi:10.2307/2346806) with one coder and the text's probabilities as the prior of each deal;
a second pass lets each owner differ from the company as far as the owner's deals show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lossnlp.audit._statistics import Floats, Ints
from lossnlp.audit._tuned import TEXT_POWER

#: Before any deal is seen, a label is taken to be right this often.
_RIGHT_AT_FIRST = 0.7
#: Deals of a reason that the first belief about habits is worth, and of the company for an owner.
_FIRST_BELIEF = 10.0
_COMPANY_BELIEF = 40.0
_ROUNDS, _OWNER_ROUNDS = 30, 3


@dataclass(frozen=True)
class Weighed:
    """The deals' reasons after weighing the text with the label.

    ``posterior`` is the probability of each code, shape [deals, codes]; ``certainty`` the
    probability that the label is wrong, shape [deals]; ``habits`` how often each value is picked
    for each true code, shape [codes, values].
    """

    posterior: Floats
    certainty: Floats
    habits: Floats


def weigh(
    text: Floats,
    picked: Ints,
    supports: npt.NDArray[np.bool_],
    owner: Ints,
    power: float = TEXT_POWER,
) -> Weighed:
    """Weigh the text's probabilities with the labels.

    Parameters
    ----------
    text
        Probability of each code given the text alone; shape [deals, codes].
    picked
        The number of each deal's picklist value; shape [deals].
    supports
        Whether a value stands for a code; shape [values, codes].
    owner
        The number of each deal's owner, all 0 where they are not known; shape [deals].
    power
        What the text's probabilities are raised to: below 1 since a model that misreads a
        company's words does so again and again, and habits learned from that would confirm it.
    """
    text = np.maximum(text, 1e-9) ** power
    text = text / text.sum(axis=1, keepdims=True)
    belief = _first_belief(picked, supports)
    habits = belief
    for _ in range(_ROUNDS):
        habits = _habits(_posterior(text, habits, picked), picked, belief, _FIRST_BELIEF)
    posterior = np.empty_like(text)
    for person in np.unique(owner):
        mine = owner == person
        own = habits
        for _ in range(_OWNER_ROUNDS):
            share = _posterior(text[mine], own, picked[mine])
            own = _habits(share, picked[mine], habits, _COMPANY_BELIEF)
        posterior[mine] = _posterior(text[mine], own, picked[mine])
    certainty = 1 - np.sum(posterior * supports[picked], axis=1)
    return Weighed(posterior, np.clip(certainty, 0.0, 1.0), habits)


def _first_belief(picked: Ints, supports: npt.NDArray[np.bool_]) -> Floats:
    """Habits before any text: mostly a value that stands for the code, else any by its use."""
    values = len(supports)
    use = (np.bincount(picked, minlength=values) + 1.0) / (len(picked) + values)
    right = supports.T * use
    reachable = right.sum(axis=1, keepdims=True)
    right = np.where(reachable > 0, right / np.where(reachable > 0, reachable, 1), use)
    belief: Floats = _RIGHT_AT_FIRST * right + (1 - _RIGHT_AT_FIRST) * use
    return belief


def _posterior(text: Floats, habits: Floats, picked: Ints) -> Floats:
    joint = text * habits[:, picked].T
    posterior: Floats = joint / joint.sum(axis=1, keepdims=True)
    return posterior


def _habits(posterior: Floats, picked: Ints, belief: Floats, weight: float) -> Floats:
    counts = np.zeros((belief.shape[1], belief.shape[0]))
    np.add.at(counts, picked, posterior)
    habits: Floats = (counts.T + weight * belief) / (posterior.sum(axis=0) + weight)[:, None]
    return habits
