import multiprocessing
import threading

import numpy as np
import pytest
import torch
from threadpoolctl import ThreadpoolController, threadpool_limits

from sk_spectral import SpectralNASClassifier, SpectralNASRegressor
from sk_spectral.training.threads import LARGEST_WORK_FOR_ONE_THREAD, limited_threads

LARGE = 2.0 * LARGEST_WORK_FOR_ONE_THREAD


def threads_now():
    """Of torch in this thread, and of each BLAS."""
    pools = ThreadpoolController().select(user_api="blas").lib_controllers
    return torch.get_num_threads(), [pool.num_threads for pool in pools]


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    with threadpool_limits(2, user_api="blas"):
        yield
    torch.set_num_threads(before)


def test_one_thread_inside_and_as_before_afterwards():
    before = threads_now()
    with limited_threads():
        n_torch, n_blas = threads_now()
        assert n_torch == 1
        assert set(n_blas) == {1}
    assert threads_now() == before


def test_work_that_is_large_keeps_the_threads_or_gets_them_back():
    with limited_threads(LARGE):
        assert threads_now()[0] == 2
    with limited_threads(), limited_threads(LARGE):
        assert threads_now()[0] == 2
    with limited_threads():
        with limited_threads(LARGE), limited_threads():
            assert threads_now()[0] == 1
        assert threads_now()[0] == 1


def test_calls_that_overlap_in_several_threads_leave_nothing_behind():
    before = threads_now()
    inside, leave, seen = threading.Barrier(4), threading.Event(), []

    def call():
        with limited_threads():
            inside.wait()
            leave.wait()
        seen.append(torch.get_num_threads())

    others = [threading.Thread(target=call) for _ in range(3)]
    for other in others:
        other.start()
    inside.wait()
    with limited_threads():
        assert threads_now()[0] == 1
        leave.set()
        for other in others:
            other.join()
        assert threads_now()[0] == 1
    assert threads_now() == before
    assert seen == [2, 2, 2]


class Seen:
    """Rows whose conversion tells how many threads there are, or fails."""

    def __init__(self, X, error=None):
        self.X, self.error, self.threads = X, error, []

    def __array__(self, dtype=None, copy=None):
        self.threads.append(threads_now())
        if self.error is not None:
            raise self.error
        return self.X

    @property
    def shape(self):
        return self.X.shape


@pytest.mark.parametrize("error", [None, KeyboardInterrupt()])
def test_fit_uses_one_thread_and_gives_them_back_on_errors_too(error):
    X = np.random.RandomState(0).normal(size=(60, 2))
    before, seen = threads_now(), Seen(X, error)
    model = SpectralNASRegressor((4,), max_iter=3)
    if error is None:
        model.fit(seen, X[:, 0])
    else:
        with pytest.raises(KeyboardInterrupt):
            model.fit(seen, X[:, 0])
    n_torch, n_blas = seen.threads[0]
    assert (n_torch, set(n_blas)) == (1, {1})
    assert threads_now() == before


def fit_and_predict():
    X = np.random.RandomState(0).normal(size=(200, 4))
    SpectralNASClassifier((8,), max_iter=5, random_state=0).fit(X, X[:, 0] > 0).predict(X)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of forking beside threads
def test_a_forked_child_fits_after_its_parent_has():
    torch.mm(torch.ones(512, 512), torch.ones(512, 512))  # a team of threads that is not forked
    fit_and_predict()
    child = multiprocessing.get_context("fork").Process(target=fit_and_predict)
    child.start()
    child.join(60)
    code = child.exitcode
    child.kill()
    assert code == 0
