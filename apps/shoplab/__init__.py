"""shoplab: a laptop lab for big data on e-commerce events."""

__version__ = "0.1.0"
