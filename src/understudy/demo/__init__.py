"""The demonstration: a generated booking platform, and the main job done on it."""

from understudy.demo.showing import Shown, down, show

__all__ = ["Shown", "down", "show"]
