"""The door: one small proxy before the web pages of servers that let any page in. What it lets through: rules.py."""
