"""The numbers that were measured on sellers the model had not seen, in one place.

``python benchmarks/audit.py --tune`` prints them from held-out probabilities on the starter corpus
with planted label noise; they are to be measured again when the bundle changes.
"""

from __future__ import annotations

#: How far the text's probabilities are trusted beside the labels: the power with the smallest
#: ACCURACY_SHIFT.
TEXT_POWER = 1.0
#: Labels are flagged from this certainty on: the lowest whose findings were right at the stated
#: precision, over all planted noise.
FLAG_AT = 0.32
FLAG_PRECISION = 0.85

#: Between companies, the standard deviation of the mean guess less the truth, for the kind of noise
#: where it is largest: of label accuracy overall and in a cell, and of a reason's share divided by
#: sqrt(share * (1 - share)).
ACCURACY_SHIFT = 0.030
CELL_SHIFT = 0.052
MIX_SHIFT = 0.020
