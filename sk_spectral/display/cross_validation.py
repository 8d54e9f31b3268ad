"""What folds say of each strength of the penalty, as a picture."""

from typing import Any, Self

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_spectral.display.figures import GREY, PALETTE, plain, pyplot_or_error
from sk_spectral.estimators import SpectralNASClassifierCV, SpectralNASRegressorCV
from sk_spectral.estimators.cv_results import standard_errors


class CrossValidationDisplay:
    """Score, hidden units and ‖Γ‖ against the strength of the penalty, with error bars.

    Parameters
    ----------
    cv_results : dict of arrays
        As `cv_results_` of a CV estimator.
    best_index : int
        Its `best_index_`.

    Attributes
    ----------
    figure_ : matplotlib figure of the last `plot`
    axes_ : array of its axes

    Examples
    --------
    >>> from sklearn.datasets import make_friedman1
    >>> from sk_spectral import SpectralNASRegressorCV
    >>> from sk_spectral.display import CrossValidationDisplay
    >>> X, y = make_friedman1(1000, noise=1.0, random_state=0)
    >>> model = SpectralNASRegressorCV(random_state=0).fit(X, y)  # doctest: +SKIP
    >>> display = CrossValidationDisplay.from_estimator(model)  # doctest: +SKIP
    """

    def __init__(self, cv_results: dict[str, Any], best_index: int) -> None:
        self.cv_results = cv_results
        self.best_index = best_index

    @classmethod
    def from_estimator(cls, estimator: SpectralNASRegressorCV | SpectralNASClassifierCV) -> Self:
        """Draw the folds of a fitted estimator.

        Parameters
        ----------
        estimator : SpectralNASRegressorCV or SpectralNASClassifierCV

        Returns
        -------
        CrossValidationDisplay
        """
        check_is_fitted(estimator)
        return cls(estimator.cv_results_, estimator.best_index_).plot()

    def plot(self) -> Self:
        """Draw on new axes: means over the folds, and a standard error of these to each side.

        A ring marks the alpha that was chosen; the line is one standard error below the best score.
        """
        self.figure_, self.axes_ = pyplot_or_error().subplots(
            1, 3, figsize=(9.3, 3.0), layout="constrained"
        )
        table = self.cv_results
        alphas = table["param_alpha"]
        shown = (("test_score", "score"), ("n_units", "hidden units"), ("gamma_norm", "‖Γ‖"))
        for axes, (name, label) in zip(self.axes_, shown, strict=True):
            mean, error = table[f"mean_{name}"], standard_errors(table, name)
            axes.errorbar(range(len(alphas)), mean, error, fmt="o-", color=PALETTE[0], capsize=3)
            axes.plot(
                self.best_index, mean[self.best_index], "o", markersize=12, fillstyle="none",
                color=PALETTE[1], label=f"chosen: {alphas[self.best_index]:g}",
            )  # fmt: skip
            axes.set_xticks(range(len(alphas)), [f"{a:g}" for a in alphas], rotation=60)
            axes.set_xlabel("alpha")
            axes.set_ylabel(label)
            plain(axes)
        mean = table["mean_test_score"]
        best = int(np.argmax(mean))
        lowest = mean[best] - standard_errors(table, "test_score")[best]
        self.axes_[0].axhline(lowest, color=GREY, linestyle=":", zorder=0)
        self.axes_[0].legend(frameon=False, fontsize="small")
        return self
