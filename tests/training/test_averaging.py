import pytest
import torch

from sk_spectral.training.averaging import STEPS, MovingAverage


def test_average_moves_by_its_share_of_each_step():
    values = torch.tensor([1.0, -2.0])
    average, expected = MovingAverage([values]), values.clone()
    for step in range(1, 2000):
        values += 1.0
        average.update()
        expected += max(1 / STEPS, 9 / (9 + step)) * (values - expected)
    average.swap_in()
    torch.testing.assert_close(values, expected)
    assert values[0] == pytest.approx(1999.0 + 1.0 - STEPS, abs=2)


def test_training_goes_on_from_the_last_step():
    values = torch.zeros(3)
    average = MovingAverage([values])
    average.swap_out()
    values += 4.0
    average.update()
    average.swap_in()
    torch.testing.assert_close(values, torch.full((3,), 3.6))
    average.swap_out()
    assert (values == 4.0).all()
    average.swap_out()
    assert (values == 4.0).all()
