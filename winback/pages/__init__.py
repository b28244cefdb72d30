"""Pages for people: representatives, managers, and one account's sheet.

Belongs here: self-contained HTML and the figures of the manager's page. Does not belong here: what a sheet holds
(`winback.sheet`), where files go.
"""
