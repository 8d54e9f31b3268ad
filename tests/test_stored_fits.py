import json

import numpy as np
import pytest
from stored_fits import FITS, STORED, where


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
def test_predictions_are_what_they_were(fit, request):
    """To the bit with --bit-for-bit: memory that lies otherwise may be summed otherwise."""
    stored = json.loads(STORED.read_text())
    if stored["where"] != where():
        pytest.skip("stored on another processor, or with another torch")
    expected = np.array([float.fromhex(value) for value in stored[fit.__name__]])
    exact = request.config.getoption("--bit-for-bit")
    np.testing.assert_allclose(fit().ravel(), expected, rtol=0.0 if exact else 1e-3)
