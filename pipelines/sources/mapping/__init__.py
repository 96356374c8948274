"""Mappings: how published tables become tables of the source contract, as data.

A mapping file (YAML) names the files or members, their headings, the type and notation of each column, code
lists, rules for rows that cannot be taken, keys, and for each contract table the columns as SQL expressions.
Belongs here: the form of a mapping, and what executes it. Does not belong here: anything of one format; that
is a file in `pipelines.sources.formats`.

SQL of a mapping runs in DuckDB without access to files or network. Text from data never becomes SQL.
"""
