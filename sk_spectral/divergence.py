"""What is said where numbers ran away in training."""


def diverged(what: str) -> ValueError:
    """Error that says what became too large, and what to change."""
    return ValueError(
        f"{what}. Lower learning_rate_init or eigenvalue_rate, by which it is multiplied for the "
        "eigenvalues, scale X and y (standardize=True), or look for extreme values in the data."
    )
