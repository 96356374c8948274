"""How allowances change hands: beliefs, orders, the book, blocks, auctions, and what the exchange publishes.

Belongs here: valuations of an allowance (`beliefs`), who wants to trade (`compliance`,
`traders`, `blocks`, `lastcall`, `auctions`; brought together by `agreements`), what is arranged beforehand
(`arranged`), how much trading a year brings (`course`), the matching (`kernel`, fed by `agenda`), the whole
span (`market`) and its tables (`records`, `figures`).
Does not belong here: who holds what (`registry`), what is arranged and why (`cases`).
Prices result from the matching of orders and from the two sides of a block; nothing else sets them.
"""
