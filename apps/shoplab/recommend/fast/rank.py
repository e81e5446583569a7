"""A case -> its list with scores and every source's part: `Ranker.recommend` and `Blend.parts` for one."""

from typing import Any

import numpy as np

from shoplab.recommend.compiled import compiled
from shoplab.recommend.fast import lists as found_by
from shoplab.recommend.fast import table as described
from shoplab.recommend.fast.flat import ALS, CONTENT, COVISITS, NAMES, NEIGHBOURS, POPULAR, RECENT, SEGMENT
from shoplab.recommend.fast.lists import summed
from shoplab.recommend.fast.trees import log_odds
from shoplab.recommend.sources import content, covisits, neighbours, recent, segment_popularity
from shoplab.recommend.topn import in_order, offer

_SOURCES = len(NAMES)
_SLOW, _QUICK, _EVEN = recent.DECAY, covisits.DECAY, 1.0
assert recent.DECAY == content.DECAY == segment_popularity.DECAY
assert covisits.DECAY == neighbours.DECAY


@compiled
def rank(
    flat: Any, room: Any, events: Any, kinds: Any, known: Any, segment: Any, gone: Any, most: Any, new: Any
) -> Any:
    """Rows of the products, best first, their scores, and what each source adds, shape (list, sources).

    events, kinds: what was met, oldest first. known: the user's row among the vectors where nothing of that is newer
    than the model, else -1. segment: -1 for none. gone: products not to be shown. new: whether
    only products not met are asked for, all others being gone.
    """
    row = segment if 0 <= segment < flat.rules[2] else flat.rules[2]
    vector = find(flat, room, events, kinds, known, row)
    items = room.candidates
    number = described.union(room, gone, items)
    table = room.table
    table[:number] = 0
    described.write_lists(flat, room, table)
    described.write_met(flat, room, events, kinds, table, number)
    described.write_own(flat, room, vector, row, events, table, items, number)
    described.forget(room, gone, items, number)
    for at in range(room.touched_terms_number[0]):
        room.terms[room.touched_terms[at]] = 0
    scores = room.candidate_scores
    discovers = new and flat.rules[4] == 1
    forest, learned = flat.discovery if discovers else flat.forest, discovers or flat.rules[0] == 1
    score(flat, room, forest, learned, number, len(events) > 0)
    rows = best_rows(flat, room, items, scores, number, most)
    return items[rows], scores[rows], parts(flat, room, forest, learned, rows)


@compiled
def find(flat: Any, room: Any, events: Any, kinds: Any, known: Any, row: Any) -> Any:
    """Fills room's lists; returns the case's vector, empty without a history."""
    room.sizes[:] = 0
    size = summed(events, kinds, flat.weights, _SLOW, room.slow, room.slow_worth)
    summed(events, kinds, flat.weights, _QUICK, room.quick, room.quick_worth)
    summed(events, kinds, flat.weights, _EVEN, room.even, room.even_worth)
    _of_visits(flat, room, size)
    vector = _of_vectors(flat, room, known, size)
    room.touched_terms_number[0] = found_by.profile(flat, room, room.slow, room.slow_worth, size)
    if flat.columns[CONTENT] >= 0:
        room.sizes[CONTENT] = found_by.content_list(flat, room, events, room.scores[CONTENT], room.items[CONTENT])
    _of_demand(flat, room, row, size)
    return vector


@compiled
def _of_visits(flat: Any, room: Any, size: Any) -> None:
    scores, items, met, worth = room.scores, room.items, room.quick, room.quick_worth
    if flat.columns[RECENT] >= 0:
        room.sizes[RECENT] = found_by.recent_list(room.slow, room.slow_worth, size, scores[RECENT], items[RECENT])
    if flat.columns[COVISITS] >= 0:
        room.sizes[COVISITS] = found_by.related_list(flat, room, met, worth, size, scores[COVISITS], items[COVISITS])
    if flat.columns[NEIGHBOURS] >= 0:
        room.sizes[NEIGHBOURS] = found_by.neighbours_list(
            flat, room, met, worth, size, scores[NEIGHBOURS], items[NEIGHBOURS]
        )


@compiled
def _of_vectors(flat: Any, room: Any, known: Any, size: Any) -> Any:
    vector = np.empty(0, np.float32)
    if flat.columns[ALS] < 0:
        return vector
    if 0 <= known < len(flat.vectors.users):
        vector = flat.vectors.users[known].copy()
    elif size:
        vector = found_by.user_vector(flat, room.even, room.even_worth, size)
    if len(vector) and vector.any():
        room.sizes[ALS] = found_by.als_list(flat, vector, room.scores[ALS], room.items[ALS])
    return vector


@compiled
def _of_demand(flat: Any, room: Any, row: Any, size: Any) -> None:
    scores, items = room.scores, room.items
    if flat.columns[SEGMENT] >= 0:
        room.sizes[SEGMENT] = found_by.segment_list(
            flat, room, row, room.slow, room.slow_worth, size, scores[SEGMENT], items[SEGMENT]
        )
    if flat.columns[POPULAR] >= 0:
        for at in range(len(flat.popular)):
            items[POPULAR, at] = flat.popular[at]
            scores[POPULAR, at] = flat.items.popularity[flat.popular[at]]
        room.sizes[POPULAR] = len(flat.popular)


@compiled
def score(flat: Any, room: Any, forest: Any, learned: Any, number: Any, any_events: Any) -> None:
    """As `Blend.scores`."""
    table, scores = room.table, room.candidate_scores
    if not learned:
        for row in range(number):
            total = np.float32(0)
            for source in range(_SOURCES):
                if flat.columns[source] >= 0:
                    total += table[row, flat.columns[source]] * flat.fixed[source]
            scores[row] = total
    elif any_events:
        log_odds(forest, table, number, scores, room.reached)
        for row in range(number):
            scores[row] = 1 / (1 + np.exp(-scores[row]))
    else:
        for row in range(number):
            scores[row] = _popular(flat, table[row])


@compiled
def _popular(flat: Any, features: Any) -> Any:
    """Mean of both popularities, of those that are there."""
    total, count = np.float32(0), 0
    for source in (SEGMENT, POPULAR):
        if flat.columns[source] >= 0:
            total += features[flat.columns[source]]
            count += 1
    return total / max(count, 1)


@compiled
def best_rows(flat: Any, room: Any, items: Any, scores: Any, number: Any, most: Any) -> Any:
    """As `top_lists`: of a category only so many before all others have had their turn."""
    limit, order = flat.rules[1], room.order
    wanted, size = number if limit else min(number, most), 0
    for row in range(number):
        size = offer(room.ordered, order, size, wanted, scores[row], -row)  # of equals the first row, as `top_lists`
    in_order(room.ordered, order, size)
    number = size
    chosen, later, size, behind = np.empty(most, np.int64), np.empty(number, np.int64), 0, 0
    for at in range(number):
        row = -order[at]
        if size == most:
            break
        category = flat.items.known_category[items[row]]
        if limit and category >= 0:
            before = 0
            for earlier in range(at):
                before += flat.items.known_category[items[-order[earlier]]] == category
            if before >= limit:
                later[behind] = row
                behind += 1
                continue
        chosen[size] = row
        size += 1
    for at in range(behind):
        if size == most:
            break
        chosen[size] = later[at]
        size += 1
    return chosen[:size]


@compiled
def parts(flat: Any, room: Any, forest: Any, learned: Any, rows: Any) -> Any:
    """As `Blend.parts`."""
    table, scores = room.table, room.candidate_scores
    found = np.zeros((len(rows), _SOURCES), np.float32)
    if not learned:
        for at in range(len(rows)):
            for source in range(_SOURCES):
                if flat.columns[source] >= 0:
                    found[at, source] = table[rows[at], flat.columns[source]] * flat.fixed[source]
        return found
    muted, odds = np.empty((_SOURCES + 1, table.shape[1]), np.float32), np.empty(_SOURCES + 1)
    for at in range(len(rows)):
        for place in range(_SOURCES + 1):
            for column in range(table.shape[1]):
                gone = place and flat.owner[column] == place - 1
                muted[place, column] = np.float32(0) if gone else table[rows[at], column]
        log_odds(forest, muted, _SOURCES + 1, odds, room.reached)
        _share(flat, muted[0], odds, np.float32(scores[rows[at]]), found[at])
    return found


@compiled
def _share(flat: Any, features: Any, odds: Any, score: Any, found: Any) -> None:
    """Each source its share of what the log-odds lose without it, or, where they lose nothing, of the lists."""
    lost, listed = 0.0, 0
    for source in range(_SOURCES):
        lost += max(odds[0] - odds[source + 1], 0.0)
        listed += flat.columns[source] >= 0 and features[flat.columns[source]] > 0
    for source in range(_SOURCES):
        if lost > 0:
            found[source] = score * max(odds[0] - odds[source + 1], 0.0) / lost
        elif flat.columns[source] >= 0 and features[flat.columns[source]] > 0:
            found[source] = score / max(listed, 1)
