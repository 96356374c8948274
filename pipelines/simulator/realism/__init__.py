"""How similar to the real market a source directory is: published figures beside those of its tables.

Belongs here: what was published and by whom (`published`), the same figures measured from contract tables
(`market`, `plants`), the daily series of the real exchange where it is at hand (`series`), and the
table (`table`). Only contract tables are measured, so any source directory can be compared.
"""
