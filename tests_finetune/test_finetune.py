"""Fine-tuning in small, on real base weights: `make test-finetune` (needs the extra finetune)."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest
import torch

from lossnlp.model import ENCODER, labels_of, passages_of, voices_of
from lossnlp.taxonomy import Taxonomy
from lossnlp.training import FineTuning, FitHybrid, LabelledDeal, base_weights, starter_deals
from lossnlp.training._export import export
from lossnlp.training._finetune import Batches, finetune, fragments_of, taught_by
from lossnlp.training._hybrid import examples_of
from lossnlp.training._network import LossNetwork
from lossnlp.training._tokens import TokenLayer, teach_tokens, tokens_of

LABELS = labels_of(Taxonomy.default())
SETTINGS = FineTuning(layers=4, epochs=4, batch=16, rate=2e-4, warmup=0.3)

# transformers and the exporter of torch warn of what their own next versions change.
pytestmark = pytest.mark.filterwarnings("default")


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    """Several threads wait for one another on a machine that is busy."""
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def deals() -> list[LabelledDeal]:
    return random.Random(5).sample(starter_deals(), 96)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_weights(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def network(deals: list[LabelledDeal], base: Path) -> LossNetwork:
    return finetune(examples_of(deals, LABELS), LABELS, base, SETTINGS)


@pytest.fixture(scope="module")
def layer(network: LossNetwork, deals: list[LabelledDeal], base: Path) -> TokenLayer:
    return teach_tokens(network, examples_of(deals, LABELS), LABELS, base)


def test_every_part_learns_but_words_and_places(network: LossNetwork, base: Path) -> None:
    torch.manual_seed(SETTINGS.seed)
    fresh = dict(LossNetwork(base, LABELS, SETTINGS.layers).named_parameters())
    stayed = {
        name for name, now in network.named_parameters() if torch.equal(now, fresh[name].detach())
    }
    words_and_places = "encoder.embeddings.", "encoder.encoder.relative_attention_bias."
    assert stayed == {name for name in fresh if name.startswith(words_and_places)}


def test_the_same_settings_and_examples_give_the_same_network(
    network: LossNetwork, deals: list[LabelledDeal], base: Path
) -> None:
    again = finetune(examples_of(deals, LABELS), LABELS, base, SETTINGS)
    for name, weights in again.state_dict().items():
        assert torch.equal(weights, network.state_dict()[name]), name


def test_what_is_exported_says_what_the_network_says(
    network: LossNetwork, layer: TokenLayer, deals: list[LabelledDeal], base: Path
) -> None:
    examples = examples_of(deals, LABELS)
    texts = [example.text for example in examples]
    encoder, heads = export(network, layer, LABELS, (base / "tokenizer.json").read_bytes(), texts)
    read = encoder.encode(texts)
    ours = heads.scores(read.vectors)
    batches = Batches(examples, LABELS, base, SETTINGS, random.Random(0))
    primary, flags = [], []
    with torch.no_grad():
        for example in examples:
            batch = batches.batch([example])
            margins, *_ = network(batch.ids, batch.mask)
            primary.append(torch.log_softmax(margins["primary"][0], 0).numpy())
            seen = tokens_of(network.layers(network.words(batch.ids), batch.mask))
            flags.append(layer(seen, batch.mask)[0][0].numpy())
    assert np.abs(ours.primary - np.array(primary)).max() < 0.3  # 8 bits
    both = np.concatenate([ours.contributing, ours.ruled_out], axis=1)
    assert np.corrcoef(both.ravel(), np.array(flags).ravel())[0, 1] > 0.99


def test_a_kept_network_is_not_taught_again(
    deals: list[LabelledDeal], base: Path, tmp_path: Path
) -> None:
    steps: list[int] = []
    fit = FitHybrid(base, SETTINGS, tmp_path, lambda step, of: steps.append(of))
    said = [voices_of(passages_of(deal.deal)) for deal in deals]
    first = fit(deals, LABELS)(said).scores[ENCODER]
    taught = len(steps)
    (kept,) = tmp_path.iterdir()
    written = kept.stat().st_mtime_ns
    again = fit(deals, LABELS)(said).scores[ENCODER]
    assert len(steps) - taught < taught, "the token layer alone is taught anew"
    assert kept.stat().st_mtime_ns == written
    assert np.array_equal(first.primary, again.primary)
    other = dataclasses.replace(SETTINGS, seed=1)
    FitHybrid(base, other, tmp_path)(deals, LABELS)
    assert len(list(tmp_path.iterdir())) == 2, "other settings are another network"


def test_a_teacher_is_believed(deals: list[LabelledDeal], network: LossNetwork, base: Path) -> None:
    examples = examples_of(deals, LABELS)
    batches = Batches(examples, LABELS, base, SETTINGS, random.Random(0))

    def says(pupil: LossNetwork, code: int) -> float:
        with torch.no_grad():
            read = [batches.batch([example]) for example in examples[:20]]
            margins = [pupil(batch.ids, batch.mask)[0]["primary"][0] for batch in read]
        return float(torch.stack([torch.softmax(row, 0)[code] for row in margins]).mean())

    certain = tuple(np.eye(len(LABELS.codes))[3].tolist())
    helped = [dataclasses.replace(example, likely=certain) for example in examples]
    assert says(finetune(helped, LABELS, base, SETTINGS), 3) > says(network, 3) + 0.1
    sure = taught_by(network, examples[:5], LABELS, base)
    assert all(e.likely is not None and sum(e.likely) == pytest.approx(1, abs=1e-5) for e in sure)
    assert all(part.likely is None for part in fragments_of(sure))
