"""What every room stands on: settings, words, tables and where they lie, and the clients of HDFS, Spark and Kafka."""
