"""The published recommender: what it answers, and its files on HDFS."""
