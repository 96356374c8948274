"""Gate `publication`: would a reader of this candidate be misled?

Belongs here: suites over the candidate's marts, above all over what models and detectors made. Does not
belong here: keys, references, enums and identities (dbt tests), numbers (`policy.yml`), texts.
"""
