"""How allowances change hands: orders, the book, block deals, trades and the exchange's daily figures.

Belongs here: the value that everybody thinks an allowance has (`value`), who wants to trade (`agents`,
`arranged`), one trading day of one instrument (`session`, `book`), the whole span (`market`) and what
the exchange publishes of it (`tables`).
Does not belong here: who holds what (`registry`).
This is a simplified market: the value follows published price levels with mean-reverting noise and does
not react to orders; agents draw their orders around it and do not learn.
"""
