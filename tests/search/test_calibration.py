"""Outputs are shifted so that all rows are met on average, and nothing else is changed."""

import numpy as np
import pytest
import torch
from configurations import LOSSES, as_truth

from sk_spectral import SpectralNetwork
from sk_spectral.data.batches import TensorDataset
from sk_spectral.data.scaling import Scaling
from sk_spectral.search.calibration import calibrated, shifted_loss
from sk_spectral.search.candidate import Candidate
from sk_spectral.training.deviances import PoissonDeviance
from sk_spectral.training.loss import ElementwiseLoss, weighted_mean
from sk_spectral.training.robust_losses import BoundedSlopeLoss

OF_NUMBERS = [name for name in LOSSES if isinstance(LOSSES[name][0], ElementwiseLoss)]


def case(loss, weighted=True):
    generator = torch.Generator().manual_seed(0)
    network = SpectralNetwork((3, 4, 2), generator=generator, dtype=torch.float64)
    numbers = torch.randn(101, 5, generator=generator).double()
    weight = torch.rand(101, generator=generator).double() if weighted else None
    rows = TensorDataset(numbers[:, :3], as_truth(loss, numbers[:, 3:]), weight)
    scaling = Scaling(np.zeros(3), np.ones(3), np.array([1.0, -1.0]), np.array([2.0, 0.5]))
    return Candidate(network, network.active_units(), 0.0, 0.0), scaling, loss, rows


@pytest.mark.parametrize("name", OF_NUMBERS)
@pytest.mark.parametrize("weighted", [True, False])
def test_no_other_shift_loses_less(name, weighted):
    candidate, scaling, loss, rows = case(LOSSES[name][0], weighted)
    found, shift = calibrated(candidate, scaling, loss, rows)
    np.testing.assert_allclose(found.output_mean, scaling.output_mean + shift.numpy() * [2.0, 0.5])
    least = shifted_loss(candidate, shift, loss, rows)
    outputs = candidate.network.evaluate(rows.X) + shift
    assert least == pytest.approx(float(weighted_mean(loss(outputs, rows.y), rows.sample_weight)))
    for step in ([0.01, 0.0], [-0.01, 0.0], [0.0, 0.01], [0.0, -0.01]):
        other = shifted_loss(candidate, shift + torch.tensor(step), loss, rows)
        assert other > least - 1e-12


def test_as_many_rows_as_a_quantile_says_lie_below_and_the_mean_of_counts_is_predicted():
    candidate, scaling, loss, rows = case(BoundedSlopeLoss.of_quantiles([0.25, 0.9]), False)
    _, shift = calibrated(candidate, scaling, loss, rows)
    outputs = candidate.network.evaluate(rows.X) + shift
    share = (rows.y <= outputs + 1e-12).double().mean(dim=0)
    np.testing.assert_allclose(share, [0.25, 0.9], atol=1.01 / 101)
    candidate, scaling, loss, rows = case(PoissonDeviance())
    _, shift = calibrated(candidate, scaling, loss, rows)
    means = (candidate.network.evaluate(rows.X) + shift).exp()
    torch.testing.assert_close(rows.sample_weight @ means, rows.sample_weight @ rows.y)
