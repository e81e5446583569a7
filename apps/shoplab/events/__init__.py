"""Raw files -> clean events and rejected rows; and the generator that makes such files."""
