"""The rights of the persons in the data: finding, removing and keeping out what belongs to one account or person.

Belongs here: who is meant and which columns tell, keyed hashes, and how each kind of file is rewritten without them. Does not
belong here: which files a workspace has, and in which order they are rewritten (`assets.erasure`).
"""
