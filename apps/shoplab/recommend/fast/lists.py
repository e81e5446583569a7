"""Every source's list for one case, best first: what `Source.lists` gives for many."""

from typing import Any

import numpy as np

from shoplab.recommend.compiled import compiled
from shoplab.recommend.data.feedback import WEIGHT_CAP
from shoplab.recommend.sources import als, content, covisits, neighbours, recent, segment_popularity
from shoplab.recommend.sources.als import ALPHA, REGULARIZATION
from shoplab.recommend.sources.als_kernels import dot, folded_in
from shoplab.recommend.sources.content import SEEDS
from shoplab.recommend.sources.segment_popularity import GENERAL
from shoplab.recommend.topn import add_row, collect, in_order, offer

_RECENT_SIZE, _COVISITS_SIZE = recent.SIZE, covisits.SIZE
_NEIGHBOURS_SIZE, _ALIKE = neighbours.SIZE, neighbours.NEIGHBOURS
_ALS_SIZE, _CONTENT_SIZE, _SEGMENT_SIZE = als.SIZE, content.SIZE, segment_popularity.SIZE
MOST = 100  # of a list
_BLOCK = 128


@compiled
def _add(keys: Any, sums: Any, size: Any, key: Any, more: Any) -> Any:
    """Adds to a key's sum; keys are ascending. Returns how many there are."""
    at = size
    while at > 0 and keys[at - 1] > key:
        at -= 1
    if at > 0 and keys[at - 1] == key:
        sums[at - 1] += more
        return size
    for move in range(size, at, -1):
        keys[move], sums[move] = keys[move - 1], sums[move - 1]
    keys[at], sums[at] = key, more
    return size + 1


@compiled
def summed(items: Any, kinds: Any, weights: Any, decay: Any, products: Any, worth: Any) -> Any:
    """As `Histories.matrix`: distinct products, ascending, and their weights, newest last in `items`; how many."""
    size, events, exact = 0, len(items), np.zeros(len(items))
    for event in range(events):
        weight = np.float64(weights[kinds[event]]) * decay ** (events - 1 - event)
        size = _add(products, exact, size, items[event], weight)
    worth[:size] = exact[:size].astype(np.float32)
    return size


@compiled
def recent_list(products: Any, worth: Any, size: Any, scores: Any, items: Any) -> Any:
    found = 0
    for at in range(size):
        found = offer(scores, items, found, _RECENT_SIZE, worth[at], products[at])
    in_order(scores, items, found)
    return found


@compiled
def related_list(flat: Any, room: Any, products: Any, worth: Any, size: Any, scores: Any, items: Any) -> Any:
    number = 0
    for at in range(size):
        number = add_row(flat.related, products[at], worth[at], room.sums, room.touched, number)
    return collect(room.sums, room.touched, number, _COVISITS_SIZE, scores, items)


@compiled
def neighbours_list(flat: Any, room: Any, products: Any, worth: Any, size: Any, scores: Any, items: Any) -> Any:
    number = 0
    for at in range(size):
        number = add_row(flat.by_product, products[at], worth[at], room.visit_sums, room.visits, number)
    alike = collect(room.visit_sums, room.visits, number, _ALIKE, room.alike_scores, room.alike)
    number = 0
    for at in range(alike):
        number = add_row(flat.visits, room.alike[at], room.alike_scores[at], room.sums, room.touched, number)
    return collect(room.sums, room.touched, number, _NEIGHBOURS_SIZE, scores, items)


@compiled
def user_vector(flat: Any, products: Any, worth: Any, size: Any) -> Any:
    """As `sources.als.fold_in` for one user."""
    rows, confidence = np.empty(size, np.int32), np.empty(size, np.float32)
    for at in range(size):
        rows[at] = flat.vectors.place[products[at]]
        confidence[at] = np.float32(1 + ALPHA * min(worth[at], np.float32(WEIGHT_CAP)))
    return folded_in(flat.vectors.gram, flat.vectors.items, rows, confidence, REGULARIZATION)


@compiled
def als_list(flat: Any, vector: Any, scores: Any, items: Any) -> Any:
    """All products that are shorter than those seen can't come into the list once it is full: |u| |v| bounds u v."""
    vectors, size = flat.vectors, 0
    length = np.sqrt(dot(vector, vector))
    most = min(_ALS_SIZE, len(vectors.product))
    for first in range(0, len(vectors.product), _BLOCK):
        if size == most and vectors.lengths[first] * length * np.float32(1.00001) < scores[0]:
            break
        for at in range(first, min(first + _BLOCK, len(vectors.product))):
            score = dot(vector, vectors.items[at])
            if score > 0 and (size < most or score >= scores[0]):
                size = offer(scores, items, size, most, score, vectors.product[at])
    in_order(scores, items, size)
    return size


@compiled
def profile(flat: Any, room: Any, products: Any, worth: Any, size: Any) -> Any:
    """As `Content._profiles`, into room.terms; returns how many terms are touched."""
    number, total = 0, 0.0
    for at in range(size):
        number = add_row(flat.terms, products[at], worth[at], room.terms, room.touched_terms, number)
    for at in range(number):
        total += np.float64(room.terms[room.touched_terms[at]]) ** 2
    if total > 0:
        length = np.float32(np.sqrt(total))
        for at in range(number):
            room.terms[room.touched_terms[at]] /= length
    return number


@compiled
def cosine(flat: Any, room: Any, item: Any) -> Any:
    """Of a product and the profile."""
    total = 0.0
    for at in range(flat.terms.starts[item], flat.terms.starts[item + 1]):
        total += flat.terms.values[at] * room.terms[flat.terms.columns[at]]
    return np.float32(total)


@compiled
def content_list(flat: Any, room: Any, events: Any, scores: Any, items: Any) -> Any:
    """Of the best sellers of the last shelves and categories met those that are like what was met."""
    number = 0
    for event in range(max(0, len(events) - SEEDS), len(events)):
        met = events[event]
        for best, code in ((flat.shelf_best, flat.items.shelf[met]), (flat.category_best, flat.items.category[met])):
            for at in range(best.shape[1]):
                item = best[code, at]
                if item >= 0 and not room.marked[item]:
                    room.marked[item] = True
                    room.touched[number] = item
                    number += 1
    size = 0
    for at in range(number):
        item = room.touched[at]
        room.marked[item] = False
        score = cosine(flat, room, item)
        if score > 0:
            size = offer(scores, items, size, _CONTENT_SIZE, score, item)
    in_order(scores, items, size)
    return size


@compiled
def segment_list(flat: Any, room: Any, row: Any, products: Any, worth: Any, size: Any, scores: Any, items: Any) -> Any:
    """As `SegmentPopularity.lists`; row: of the case's segment."""
    width, total, asked = flat.width[0], np.float32(0), 0
    for at in range(size):
        total += worth[at]
    codes, shares = np.empty(size + 1, np.int64), np.zeros(size + 1, np.float32)
    for at in range(size):
        code, share = row * width + flat.items.category[products[at]], worth[at] / total
        asked = _add(codes, shares, asked, code, share)
    codes[asked], shares[asked] = row * width + width - 1, np.float32(GENERAL)  # the last of its segment: it sorts last
    number = 0
    for at in range(asked + 1):
        number = add_row(flat.best, codes[at], shares[at], room.sums, room.touched, number)
    return collect(room.sums, room.touched, number, _SEGMENT_SIZE, scores, items)
