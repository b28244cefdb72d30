"""Why each account left: reasons read from contact notes, with the words that say so.

Belongs here: the taxonomy of reasons, the seed corpus, the note labeller and what measures it. Does not belong here:
behaviour and numbers joined to notes (the account level), tables, Dagster, the command line.
"""
