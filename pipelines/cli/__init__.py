"""The command line: options in, tables and exit codes out.

Belongs here: reading options, showing progress and results. Does not belong here: anything that a
Dagster asset or another program could need; that is in the modules which these commands call.

Commands, in the order of `--help`: `operate`, `pull`, `receive`, `convert`, `simulate`, `show`, `rules`,
`evaluate`, `bench`, `realism`. `detectors`, `exposures` and `measure` write pages and files of this
repository and are called by make.

Exit codes: 0 done; 1 a gate refused, the old publication stands; 2 wrong use; 3 a source could not be
read; 4 anything else.
"""
