"""Loops over the bytes of Arrow buffers, compiled for the processor they run on.

Most of masking is numpy and Arrow kernels over whole columns.  What they offer no kernel for, and would take
a dozen passes over the same bytes with, is a loop here: a function of arrays that returns new arrays and
changes none, so that threads may share it.  It is compiled when it is first called and kept on disk beside
its source (or where the user's caches are), so that a command that needs none pays nothing.
"""

from understudy.native.kernel import inner, kernel

__all__ = ["inner", "kernel"]
