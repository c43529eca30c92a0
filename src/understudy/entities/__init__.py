"""What personal data looks like, in columns and inside texts; the check digits of what has some."""

from understudy.entities.entity import Entity, Sensitivity, Shape
from understudy.entities.lexicon import ordinary
from understudy.entities.patterns import ENTITIES, whole
from understudy.entities.spans import Spans, spans

__all__ = ["ENTITIES", "Entity", "Sensitivity", "Shape", "Spans", "ordinary", "spans", "whole"]
