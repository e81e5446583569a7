"""What a model takes of memory where it is served."""

from shoplab.recommend.model.recommender import Recommender

_USER, _PRODUCT = 20, 100  # bytes of an id and its row
# Measured (docs/api.md): the processes themselves; and per byte of arrays the keeper's peak, and what a worker maps.
_ITSELF_MIB, _PER_BYTE = 260, 2.4


def serving_mib(model: Recommender) -> int:
    """For the keeper and one worker; another worker takes some 120 MiB more, for the model's pages are shared."""
    of_sources = sum(array.nbytes for source in model.ranker.finder.sources for array in source.arrays().values())
    shoppers = model.shoppers
    of_users = sum(part.nbytes for part in (shoppers.segments, shoppers.starts, shoppers.items, shoppers.kinds))
    # a bundle holds the sources' arrays twice: as they are, for increments to grow on, and as the kernels want them
    arrays = 2 * of_sources + of_users + _USER * len(shoppers.ids) + _PRODUCT * len(model.products)
    return round(_ITSELF_MIB + _PER_BYTE * arrays / 2**20)
