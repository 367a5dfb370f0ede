"""The engine of the katas: a pytest plugin, and the words that solution files are written in."""

from dojo.programs import alternative, given, misconception

__all__ = ["alternative", "given", "misconception"]
