"""What every package of `pipelines` shares: settings, market, lock, progress, files, SQL, errors.

Belongs here: small modules without knowledge of any table.
Does not belong here: Dagster, dbt, anything that only one package uses.
"""
