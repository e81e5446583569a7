"""What the stream keeps in memory of users, sessions and events it has met, in columns; its cost follows the batch."""
