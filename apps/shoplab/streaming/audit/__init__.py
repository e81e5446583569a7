"""`./lab verify`: does everything the stream took add up, and is it where the accounts say?"""
