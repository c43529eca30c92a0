"""Kernels: compiled when they are first called, and for reading alone."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
import pytest

from understudy.native import addresses, inner, json, kernel, literals, network, search, texts, urls, words, xml


@kernel
def doubled(number: int) -> int:
    """Twice a number."""
    return number * 2


@kernel
def all_doubled(numbers: np.ndarray) -> np.ndarray:
    """Twice some numbers."""
    out = np.empty_like(numbers)
    for place in range(len(numbers)):
        out[place] = doubled(numbers[place])
    return out


@inner
def total(numbers: np.ndarray) -> int:
    """All numbers together."""
    found = 0
    for place in range(len(numbers)):
        found += numbers[place]
    return found


@kernel
def totals(numbers: np.ndarray) -> np.ndarray:
    """All numbers together, once for each."""
    out = np.empty_like(numbers)
    for place in range(len(numbers)):
        out[place] = total(numbers)
    return out


@inner
def copied(numbers: np.ndarray) -> np.ndarray:
    """A mistake: it makes an array."""
    return numbers.copy()


@kernel
def emptied(numbers: np.ndarray) -> None:
    """A mistake: it writes on what it is given."""
    numbers[0] = 0


def numbers():
    return np.array([3, -1, 2**40])


def test_a_kernel_is_what_its_function_is_and_may_call_others():
    assert all_doubled(numbers()).tolist() == [6, -2, 2**41]
    assert all_doubled(numbers()[::2]).tolist() == [6, 2**41]
    assert isinstance(all_doubled.compiled, numba.core.dispatcher.Dispatcher)
    assert all_doubled.__name__ == "all_doubled" and all_doubled.__doc__ == "Twice some numbers."


def test_an_inner_kernel_is_for_others_and_makes_no_arrays():
    assert totals(numbers()).tolist() == [2 + 2**40] * 3
    with pytest.raises(numba.core.errors.NumbaError, match="array"):
        copied(numbers())


def test_a_kernel_is_compiled_once_whether_arrays_may_be_written_to_or_not():
    fixed = numbers()
    fixed.flags.writeable = False
    all_doubled(numbers()), all_doubled(fixed), all_doubled(numbers()[::2])
    assert len(all_doubled.compiled.signatures) == 1


def test_a_kernel_cannot_change_what_it_is_given():
    with pytest.raises(numba.TypingError, match=r"readonly|Cannot modify"):
        emptied(numbers())


def test_without_a_folder_for_compiled_code_a_kernel_works_all_the_same():
    nowhere = {}
    exec(compile("def halved(number):\n    return number // 2", "<no file>", "exec"), nowhere)
    with pytest.raises(RuntimeError, match="no locator available"):
        numba.njit(cache=True)(nowhere["halved"])
    assert kernel(nowhere["halved"])(42) == 21


def test_masking_does_not_load_the_compiler_before_a_kernel_is_called():
    script = (
        "import sys\nfrom understudy import transforms\nfrom understudy.transforms import matches, pieces\n"
        "print('numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("module", [addresses, json, literals, network, search, texts, urls, words, xml])
def test_every_kernel_says_what_it_does(module):
    found = [value for value in vars(module).values() if isinstance(value, type(doubled))]
    assert found and all(one.__doc__ for one in found)


def test_threads_may_call_a_kernel_at_once_even_the_first_time():
    fresh = kernel(doubled.function)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(fresh, range(40))) == list(range(0, 80, 2))
