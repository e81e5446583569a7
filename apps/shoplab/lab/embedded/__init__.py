"""The lab without Docker: HDFS and Kafka as local Java processes."""
