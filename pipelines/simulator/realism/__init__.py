"""How like the real market a source directory is: published figures beside those of its tables.

Belongs here: what was published and by whom (`published`), the same figures measured from contract tables
(`market`, `plants`), the daily series of the real exchange where it is at hand (`series`), and the
table (`table`). Nothing is measured from the simulation's inside: any source directory will do.
"""
