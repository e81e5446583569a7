"""Dead letters: records of the events topic that are no events, in a topic of their own, as they came."""
