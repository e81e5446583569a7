"""Compiles every kernel of the API, for an image that is to start quickly: python -m shoplab.serving.warm"""

from shoplab.recommend.fast.warm import warm
from shoplab.serving.recent import Recent

if __name__ == "__main__":
    warm()
    recent = Recent(budget=1_000)
    recent.add("", 0, 0, 0, 0)
    recent.of("")
