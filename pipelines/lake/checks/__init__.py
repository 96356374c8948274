"""Each completeness check as SQL over the relations of `pipelines.lake.completeness_views`.

A check is a function of its policy entry and the whole policy. Its query gives one row a gap: table_name,
period, province_code, column_name (`all` where it concerns all of them), what was observed and what was
expected at least, in the unit of its policy entry.

Belongs here: one module a subject (publication, periods, provinces, days, columns), `gap` for what they
share, and `queries`, the list of all checks. Does not belong here: limits and reasons (`completeness.yml`).
"""
