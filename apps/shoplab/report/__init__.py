"""Tables on HDFS -> the report an analyst reads: one self-contained HTML page. Needs no Spark."""
