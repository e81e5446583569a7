"""Events -> what the recommender learns from and is asked with: products, users, the log, histories, cases."""
