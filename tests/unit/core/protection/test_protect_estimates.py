"""What the inside table says of a value reaches the dataset, unless the value is withheld."""

from __future__ import annotations

from saime.core.model.dataset import ESTIMATED, NORMAL, WITHHELD
from saime.core.protection import protect, verify
from saime.core.tabulation.plan import ThresholdProtection
from support.protection import METADATA, matrix


def test_an_estimate_is_published_as_one_and_withheld_like_any_other() -> None:
    table = matrix(["a", "b", "c"], ["x", "y", "z"], [[3, 30, 30], [30, 30, 30], [30, 30, 30]])
    statuses = tuple(ESTIMATED if "a" in cell else NORMAL for cell in table.structure.cells())
    protected = protect(table.model_copy(update={"obs_status": statuses}), ThresholdProtection(minimum=5), METADATA)
    verify(protected.dataset, protected.certificate)
    dataset = protected.dataset
    for value, status, inside in zip(dataset.values, dataset.obs_status, statuses, strict=True):
        assert status == (inside if value is not None else WITHHELD)
    assert dataset.obs_status.count(ESTIMATED) > 0
    assert WITHHELD in dataset.obs_status
