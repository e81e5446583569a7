"""Kafka -> the same steps as the batch, every 10 seconds; replay and reconciliation."""
