"""The lake: what was received, what was kept of it, and what was quarantined or superseded and why.

Belongs here: finding a source's files, typing and checking their rows set-wise, deciding which row of
a key counts, rewriting only the periods that changed, and comparing what was delivered with what was to be
expected (completeness: are rows, periods, provinces or columns missing?).
Does not belong here: the formats of foreign sources (`pipelines.sources`), plausibility of values
(`expectations`), anything that knows a market.

Modules in the order in which a run uses them:

    files          the files of a source directory, their tables and fingerprints
    receive        one delivered file becomes typed rows, sound or faulty (`delivered`: how it is read;
                   `parts`: where the rows stand; `zone`: months and days of the market)
    resolve        which of the received rows count; `keep` writes the decision into the lake
    profile        row counts by table, period and subject of what was kept
    completeness   gaps in the delivery, found from profiles (`completeness_*`: views, checks, policy)
    deliveries     which file came when
    readings       rows that a reader of a published format had already quarantined
    store, state   connection and upkeep of the lake's files; the record of which files are in force

Layout under `HOME/lake`:

    received/<table>/<id>/period=<period>/       the sound rows of one delivered file, typed; where it is
                                                 Parquet of one period without a fault, the file itself
    received/<table>/<id>/faults.parquet         its faulty rows, with what is wrong with them
    kept/<table>/period=<period>/<id>.parquet    the rows that count: links to received files, or
                                                 copies of them without the rows that do not count
    excluded/<table>/<period>-<fingerprint>.parquet   quarantined and superseded rows, with reasons
    handover/*.parquet                           what Python computed for dbt to read
    state.json                                   which of these files are in force
"""
