"""Connectors: sources that are pulled, as `sources.yml` of a home declares them.

    declaration.py  the form of `sources.yml`, checked when it is loaded
    secrets.py      values of environment variables that no message may show
    postgres.py     tables of a PostgreSQL database, in one consistent snapshot
    http.py         pages of an API; `http_requests.py` has limits and repetitions
    folder.py       files that others put into a folder
    deliveries.py   the home's delivery folder: what all sources delivered, switched in one step
    pull.py         one pull: fetch, read by a mapping where one is declared, deliver

Belongs here: how rows and files come from where they are kept. A connector delivers Parquet files or files as
they were published, either tables of the contract or inputs of a mapping; the mapping engine does the rest.
Does not belong here: the lake, Dagster, anything about the meaning of a column; transports that the operating
system mounts or fetches, such as SFTP, SMB and object stores (declare their folder).
"""
