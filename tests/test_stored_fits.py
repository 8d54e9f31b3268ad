import json

import numpy as np
import pytest
from stored_fits import FITS, STORED


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("fit", FITS, ids=lambda fit: fit.__name__)
def test_predictions_are_what_they_were(fit, request):
    """To the bit with --bit-for-bit: another processor sums in another order."""
    stored = json.loads(STORED.read_text())[fit.__name__]
    expected = np.array([float.fromhex(value) for value in stored])
    found = fit().ravel()
    if request.config.getoption("--bit-for-bit"):
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
