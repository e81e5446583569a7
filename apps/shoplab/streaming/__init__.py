"""Kafka -> the same steps as the batch, at every trigger; replay and reconciliation."""
