"""What makes a Python function a kernel.  Nothing here but compiling: numba is imported by the first call."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from types import FunctionType
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

Given = ParamSpec("Given")
Made = TypeVar("Made")


class Kernel(Generic[Given, Made]):
    """A function over numbers and one-dimensional arrays, compiled by numba for the types it is called with."""

    def __init__(self, function: Callable[Given, Made], *, counts: bool = True) -> None:
        self.function = cast("FunctionType", function)
        self._counts = counts
        self.__doc__, self.__name__ = function.__doc__, self.function.__name__

    def __call__(self, *given: Given.args, **named: Given.kwargs) -> Made:
        """What the function returns; it is given without names, and no array of it is written to."""
        assert not named
        return cast("Made", self.compiled(*map(_readable, given)))

    @cached_property
    def compiled(self) -> Callable[..., Any]:
        """The compiled function, and with it those that it calls; it lets other Python threads run."""
        from numba import njit

        plain = self.function
        called = {name: plain.__globals__.get(name) for name in plain.__code__.co_names}
        kernels = {name: value.compiled for name, value in called.items() if isinstance(value, Kernel)}
        linked = FunctionType(plain.__code__, {**plain.__globals__, **kernels}, plain.__name__, plain.__defaults__)
        linked.__module__, linked.__qualname__ = plain.__module__, plain.__qualname__
        options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "_nrt": self._counts}
        try:
            made = njit(cache=True, **options)(linked)
        except RuntimeError:  # there is no folder to keep it in: every process compiles it anew
            made = njit(**options)(linked)
        return cast("Callable[..., Any]", made)


def _readable(value: Any) -> Any:
    """An array as kernels take it, so that each is compiled for one kind of array alone."""
    if not isinstance(value, np.ndarray):
        return value
    flags = value.flags
    whole = value if flags.c_contiguous else np.ascontiguousarray(value)
    if flags.writeable or whole is not value:
        whole = whole.view()
        whole.setflags(write=False)
    return whole


def kernel(function: Callable[Given, Made]) -> Kernel[Given, Made]:
    """A function as a kernel; see the package for what such a function may do."""
    return Kernel(function)


def inner(function: Callable[Given, Made]) -> Kernel[Given, Made]:
    """A function for kernels alone, which makes no arrays: who holds those it is given is then not counted at every
    call, which would take longer than most such functions do.
    """
    return Kernel(function, counts=False)
