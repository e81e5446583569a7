"""Events and segments -> popularity, ALS, content similarity -> one blended ranking."""
