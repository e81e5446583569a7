"""Rows -> points -> InfluxDB or the embedded store."""
