"""Parties of accounts by day in plain pandas, for the marts of the baseline.

Controllers of controllers are not followed here: no market that is measured has any.
"""

from __future__ import annotations

import pandas as pd

from pipelines.bench.pandas_source import Source

_RANKS = ["actual_control", "ownership", "declared_group", "common_management", "mandate"]
_ORDER = ["precedence", "rank", "share", "valid_from", "controller_id"]
_ASCENDING = [True, True, False, False, True]


class Parties:
    """The party of an account: by the relations of the day, else by the directories."""

    def __init__(self, source: Source, accounts: pd.DataFrame) -> None:
        """`accounts` is one row an account with `holder_id` and `party_id`, the party of the directories."""
        relations = source.read("control_relations")
        relations["rank"] = relations["relation"].map(_RANKS.index)
        relations["share"] = relations["share"].fillna(0.0)
        of_account = relations["subject_type"] == "account"
        own = relations[of_account].assign(precedence=1, account_id=relations["subject_id"])
        held = relations[~of_account].merge(
            accounts[["account_id", "holder_id"]], left_on="subject_id", right_on="holder_id"
        )
        self._claims = pd.concat([own, held.assign(precedence=2)])[["account_id", "valid_to", *_ORDER]]
        self._listed = accounts.set_index("account_id")["party_id"]

    def on(self, accounts: pd.Series, days: pd.Series) -> pd.Series:
        """The party of each account on the day beside it; an account without one is its own party."""
        asked = pd.DataFrame({"account_id": accounts, "day": days}).rename_axis("row").reset_index()
        claims = asked.merge(self._claims, on="account_id")
        in_force = (claims["valid_from"] <= claims["day"]) & ~(claims["valid_to"] < claims["day"])
        claims = claims[in_force].sort_values(_ORDER, ascending=_ASCENDING).drop_duplicates("row")
        stated = claims.set_index("row")["controller_id"].reindex(accounts.index)
        return stated.fillna(accounts.map(self._listed)).fillna(accounts)
