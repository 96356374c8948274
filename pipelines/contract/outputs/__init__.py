"""What a run hands to dbt and publishes beside the marts: one definition of each schema.

The files `lake/handover/<name>.parquet` have these columns. Their dbt sources and staging models, and
the marts that publish one unchanged, are generated from here.

Belongs here: `output` (what an output is), `lake` (what the lake computed before the warehouse is built),
`findings` (what detectors and gates found afterwards), `readings` (what a reader leaves for the lake), and
`registry`, the list of all outputs. Does not belong here: computing or writing them.
"""
