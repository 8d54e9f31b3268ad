import numpy as np
import pytest
from hypothesis import given
from spectral_cases import layer_sizes, random_parameters, seeds

from sk_spectral.spectral import algebra
from sk_spectral.spectral.layer_sizes import (
    check_layer_sizes,
    n_direct_parameters,
    n_spectral_parameters,
)


@pytest.mark.parametrize(
    ("n_layers", "spectral", "direct"),
    [(2, 120, 100), (3, 230, 300), (5, 450, 1000), (11, 1110, 5500)],
)
def test_published_parameter_counts_at_width_ten(n_layers, spectral, direct):
    assert n_spectral_parameters([10] * n_layers) == spectral
    assert n_direct_parameters([10] * n_layers) == direct


@given(layer_sizes, seeds)
def test_parameter_counts_count_the_parameters(sizes, seed):
    eigenvalues, eigenvectors = random_parameters(sizes, seed)
    stored = sum(t.numel() for t in (*eigenvalues, *eigenvectors))
    assert n_spectral_parameters(sizes) == stored
    blocks = algebra.product_blocks(eigenvalues, eigenvectors)
    assert n_direct_parameters(sizes) == sum(block.numel() for block in blocks.values())


@pytest.mark.parametrize("sizes", [[2, 3], (2, 3), np.array([2, 3]), (n for n in (2, 3))])
def test_every_sequence_of_integers_becomes_a_tuple_of_ints(sizes):
    checked = check_layer_sizes(sizes, "sizes")
    assert checked == (2, 3)
    assert [type(size) for size in checked] == [int, int]


@pytest.mark.parametrize("size", [0, -3, 2.5, 3.0, True, "4", None])
def test_what_is_no_positive_integer_is_named_in_the_refusal(size):
    with pytest.raises(ValueError, match=f"^hidden must hold positive integers, got {size!r} in"):
        check_layer_sizes([2, size, 1], "hidden")
