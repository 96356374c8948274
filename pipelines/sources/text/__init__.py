"""Published files as rows of text: opening, unpacking, decoding, cutting into fields.

Belongs here: archives, encodings, delimited text, workbooks, and where in them the headings stand.
Does not belong here: what a value means (`pipelines.sources.mapping`).

Rows come one after the other, so that a file need not fit into memory. A line that cannot be cut into
fields is handed on as malformed, with its number and text.
"""
