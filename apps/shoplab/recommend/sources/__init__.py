"""The candidate sources: each one way to find products for a case, all behind one interface."""

from shoplab.recommend.sources.alike import Alike
from shoplab.recommend.sources.base import Source, Training
from shoplab.recommend.sources.covisits import Covisits
from shoplab.recommend.sources.latent import Latent
from shoplab.recommend.sources.neighbours import Neighbours
from shoplab.recommend.sources.popular import Popular, SegmentPopular
from shoplab.recommend.sources.recent import Recent

SOURCES: tuple[type[Source], ...] = (Recent, Covisits, Neighbours, Latent, Alike, SegmentPopular, Popular)

__all__ = ["SOURCES", "Source", "Training"]
