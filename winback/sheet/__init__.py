"""The account sheet: all that is known of one account as of a week.

Belongs here: the sheet as data, what fills it, and the purchase plan it recommends. Does not belong here: how it is shown
(`winback.pages`, the command line), scores and plans (other areas).
"""
