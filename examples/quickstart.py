"""How much network does my data need?

Fits the estimators with their default settings to real data that scikit-learn ships, and a student
of 200 + 200 hidden units to the outputs of a teacher network with one hidden layer of 20, beside
the linear model and scikit-learn's MLP. Prints the scores on held-out rows and the topologies.
"""

from warnings import filterwarnings

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.datasets import make_teacher_student

filterwarnings("ignore", category=ConvergenceWarning)  # scikit-learn's MLP on diabetes

REGRESSION = (
    LinearRegression(),
    MLPRegressor(random_state=0),
    SpectralNASRegressor(random_state=0),
)
CLASSIFICATION = (
    LogisticRegression(),
    MLPClassifier(random_state=0),
    SpectralNASClassifier(random_state=0),
)
STUDENT = (*REGRESSION[:2], SpectralNASRegressor((200, 200), random_state=0))
TASKS = {
    "diabetes (R²)": (load_diabetes(return_X_y=True), REGRESSION),
    "teacher (R²)": (make_teacher_student(20_000, random_state=0)[:2], STUDENT),
    "breast cancer": (load_breast_cancer(return_X_y=True), CLASSIFICATION),
    "wine": (load_wine(return_X_y=True), CLASSIFICATION),
    "digits": (load_digits(return_X_y=True), CLASSIFICATION),
}


def main():
    """Print one line a task, then the topology learned on each."""
    topologies = {}
    print(f"{'score on held-out rows':<24}{'linear':>9}{'MLP':>9}{'spectral':>10}   hidden units")
    for name, ((X, y), estimators) in TASKS.items():
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        scores = []
        for estimator in estimators:
            pipeline = make_pipeline(StandardScaler(), estimator).fit(X_train, y_train)
            scores.append(pipeline.score(X_test, y_test))
        topology = topologies[name] = pipeline[-1].topology_
        used, grown = sum(topology.n_active_units), sum(topology.layer_sizes[1:-1])
        linear, mlp, spectral = scores
        print(f"{name:<24}{linear:>9.3f}{mlp:>9.3f}{spectral:>10.3f}   {used} of {grown}")
    for name, topology in topologies.items():
        print(f"\n{name}\n{'-' * len(name)}\n{topology.summary()}")


if __name__ == "__main__":
    main()
