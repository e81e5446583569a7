"""A month of made-up shop events in REES46's format, calibrated on the real October; see docs/generator.md."""

from shoplab.events.generator.month import GeneratedMonth, generate

__all__ = ["GeneratedMonth", "generate"]
