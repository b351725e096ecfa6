"""What several test files share: the shipped bundle and the examples' crosswalk."""

import pytest

from lossnlp.model import LossModel, load
from lossnlp.taxonomy import Crosswalk


@pytest.fixture(scope="session")
def model() -> LossModel:
    return load()


@pytest.fixture(scope="session")
def crosswalk(model: LossModel) -> Crosswalk:
    return Crosswalk.read("examples/crosswalk.yaml", model.taxonomy)
