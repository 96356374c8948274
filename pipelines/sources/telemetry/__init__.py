"""A receiver of stack monitors: HJ 212-2017 over TCP, from the frame to hourly rows of the contract.

    standard.yml   what the standards say, each entry with its source and how far it was verified
    standard.py    that file, typed
    stations.py    the operator's file of stations: who sends, for which unit, in which codes and units
    frames.py      bytes of a connection -> frames; checksum, and recovery after damage
    segments.py    the data segment of a frame -> its fields, and its readings
    journal.py     lines on disk that survive a crash; nothing is acknowledged before it stands there
    commits.py     lines of many connections, forced to disk together
    server.py      connections, limits, acknowledgements
    metrics.py     what was received and rejected, counted
    packets.py     packets of one record -> its content
    records.py     new lines of the journal -> records by hour, as Parquet
    storage.py     the form of a record on disk; files that are replaced in one step
    hours.sql      records -> one row a station and hour, by one stated rule
    hours.py       that query, and units that have several stations
    state.py       what closings remember
    closing.py     which hours are due or changed; the delivery of `cems_hourly`

Belongs here: everything between a socket and `cems_hourly`. The receiver only writes lines; what they mean is
decided when hours are closed, so a corrected file of stations applies to what was received before.
Does not belong here: the lake, the warehouse, plausibility of values (`expectations`).
"""
