"""The stream learns on: events -> increments of the published models, and how good the lists are that they give."""
