"""How sure it must be that hidden units pay: every threshold of the search, and why.

Differences of losses are told in standard errors of their mean.
"""

from math import copysign, inf

RELATIVE_FLOOR = 1e-4
"""Share of the constant predictor's loss that may always be added: it keeps a noise-free linear
task linear, whose loss is all but 0."""

ON_ROWS_SET_APART = 2.0
"""Standard errors of the difference on validation rows by which hidden units must win: less cannot
be told from noise, by which the epoch to stop at was chosen, too."""

OF_MISTAKES = 2.0
"""Standard errors of the mistakes that are enough as well: a few rows that are far off can hide in
the error of the loss what all others tell."""

OF_PIECES = 2.0
"""Standard errors by which a linear map of pieces, too, must win against one of features alone, on
rows held out: both are convex, so that nothing but the rows is left to chance."""

SHARE_FOR_PIECES = 0.2
"""Of the share of the loss by which units must win in addition: an additive model can be read."""

GAIN_OF_PIECES = 0.05
"""Share of the loss of linear maps that pieces may do without, for a network to read them: where
rows held out rule out so much, they are columns to learn nothing from."""

DECAY_FROM_ADDITIVE = 3.0
"""Weight decay, relative to "auto", of networks that set out from the additive model and are held
against it, having lost to it where they set out from nothing. Of 1, 3, 10 and 30 it tells the most
truths that hardly join inputs."""

WHERE_BENT = 1.5
"""Likewise, of loss or of mistakes, where it is known from elsewhere that no linear map says all,
by as many standard errors."""

WHERE_LINEAR_MAPS_FAIL = 1.0
"""Likewise, of mistakes, where linear maps make no fewer than constants do, too."""

BEFORE_A_WARNING = 2.0
"""Standard errors by which the truth must bend, for a user to be told that units might pay."""

SURE, NEARLY_SURE = 2.33, 1.645
"""Quantiles of the normal distribution, 99 % and 95 %: how sure it must be of a comparison's end
by loss and by mistakes, before it is ended early."""

HOPE = 1.5
"""Standard errors that are worth going on for, where more are asked for in the end."""

SHARE_THAT_COUNTS = 0.01
"""Of the linear loss, in a comparison with it of fewer than 1,000 rows: an epoch that improves by
less is none."""

SHARE_OF_ERROR = 0.25
"""Of the standard error with which folds know the gain of units: so much may be lost for fewer."""

FEW_ROWS = 1000
_FEW_TO_DECIDE = 200


def on_folds(n_samples: int, validated: bool) -> float:
    """By how many standard errors units must win on rows held out: 1 + 8 / √n.

    As fits to folds share most of their rows, the true error is about 1.5 times as large (Nadeau
    and Bengio, "Inference for the generalization error", Machine Learning 2003). Below 200 rows it
    is 3: a few of them decide, by how they fall into folds. Without validation rows, too, as
    networks are then stopped where they are all but linear if that is best, and win by chance.
    """
    return 1.0 + 8.0 / n_samples**0.5 if validated and n_samples >= _FEW_TO_DECIDE else 3.0


def most_gain_of_pieces(gain: float, error: float, before: float) -> float:
    """Share of a loss that may be done without: two standard errors above the gain that is seen."""
    return (gain + OF_PIECES * error) / before if before > 0 else 0.0


def in_standard_errors(difference: float, error: float) -> float:
    """Standard errors that a difference is worth; one that all rows agree on is beyond any."""
    if error == 0:
        return difference and copysign(inf, difference)
    return difference / error
