"""Questions -> answers of one process: the ranking asked, and what it said kept until the user's next event."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from shoplab.core.errors import LabError, ServiceError
from shoplab.core.vocabulary import NAMES, VIEW
from shoplab.recommend.data.arrays import UNKNOWN
from shoplab.serving.answers import Answers, source_of
from shoplab.serving.backstage import Backstage
from shoplab.serving.people import Segment
from shoplab.serving.served import History

CACHE = 32 << 20  # bytes of answers
_OVERHEAD = 300


class Unknown(LabError):
    """What was asked for is not known."""


class Question(NamedTuple):
    """user_id: None for a visitor. context: a product that is being looked at. new: only products not met before."""

    user_id: str | None
    k: int
    context: str
    new: bool


class Cache:
    """Answers by question, each with what it was made of; the longest not asked for goes first."""

    def __init__(self, budget: int = CACHE) -> None:
        self._budget, self.bytes, self.hits, self.asked = budget, 0, 0, 0
        self._kept: OrderedDict[Question, tuple[Any, bytes, str]] = OrderedDict()

    def get(self, question: Question, made_of: Any) -> tuple[bytes, str] | None:
        self.asked += 1
        found = self._kept.get(question)
        if found is None or found[0] != made_of:
            return None
        self._kept.move_to_end(question)
        self.hits += 1
        return found[1], found[2]

    def put(self, question: Question, made_of: Any, answer: bytes, source: str) -> None:
        before = self._kept.pop(question, None)
        self.bytes += len(answer) + (_OVERHEAD if before is None else -len(before[1]))
        self._kept[question] = made_of, answer, source
        while self.bytes > self._budget:
            _, (_, oldest, _) = self._kept.popitem(last=False)
            self.bytes -= len(oldest) + _OVERHEAD


class Desk:
    """For one thread: the kernels have one room to work in."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self.cache = Cache()

    def recommendations(self, question: Question) -> tuple[bytes, str]:
        """JSON of Answer, and its source. ServiceError without a model."""
        assert question.user_id is not None
        answers, fresh = self._answers(), self._backstage.follower.users.raw(question.user_id)
        segment = self._backstage.segment(question.user_id)
        made_of = answers.served.name, fresh, segment
        found = self.cache.get(question, made_of)
        if found is None:
            found = self._ranked(answers, question, self._history(answers, question.user_id, segment), segment)
            self.cache.put(question, made_of, *found)
        return found

    def for_events(
        self, events: Sequence[tuple[str, str]], k: int, new: bool, session: str = "", context: str = ""
    ) -> tuple[bytes, str]:
        """For a visitor: what the session did as far as it is known, then these (product id, event type)."""
        answers = self._answers()
        names = self._backstage.follower.tokens.names
        before = self._backstage.follower.sessions.of(session)
        followed = [(names[one["product"]], NAMES[one["kind"]]) for one in before]
        history = answers.served.of_events([*followed, *events])
        return self._ranked(answers, Question(None, k, context, new), history, None)

    def similar(self, product_id: str, k: int) -> bytes:
        """JSON of Similar: what is shown to a visitor who looked at this product alone. Unknown for one not known."""
        answers = self._answers()
        history = answers.served.of_events([(product_id, VIEW.name)])
        if not len(history.items):
            raise Unknown(f"product {product_id!r} is not known to the model; the ids of some: /users/sample, then"
                          " /recommendations/USER")  # fmt: skip
        return answers.similar(product_id, history, answers.served.rank(history, k, history.items))

    def source(self, user_id: str) -> str:
        """Of the answer that the user would get."""
        answers = self._answers()
        return source_of(self._history(answers, user_id, None))

    def _answers(self) -> Answers:
        answers = self._backstage.answers
        if answers is None:
            raise ServiceError(
                self._backstage.problems.get("model", "no recommender is loaded yet; first: ./lab train")
            )
        return answers

    def _history(self, answers: Answers, user_id: str, segment: Segment | None) -> History:
        history = answers.served.history(user_id, self._backstage.follower.users.of(user_id))
        return history if segment is None else history._replace(segment=segment.number)

    def _ranked(
        self, answers: Answers, question: Question, history: History, segment: Segment | None
    ) -> tuple[bytes, str]:
        served, names = answers.served, answers.served.bundle.segment_names
        if segment is None and 0 <= history.segment < len(names):
            segment = Segment(history.segment, names[history.segment])  # of when the model was trained
        if question.context:
            history = served.with_view(history, question.context)
        row = served.catalogue.ids.find(question.context) if question.context else UNKNOWN
        hidden = np.array([row] if row != UNKNOWN else [], np.int32)
        ranked = served.rank(history, question.k, hidden, question.new)
        return answers.answer(question.user_id, segment, history, ranked), source_of(history)
