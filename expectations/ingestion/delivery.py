"""The delivery as a whole: is there anything, how much was turned away, how much less than last time."""

from expectations.policy import sample
from expectations.suite import Figure, Frame, Suite, flag, where


def content(frame: Frame) -> Suite:
    """One row: all kept rows together. `gate_tables` is the gate's own count of rows by table."""
    return frame.suite(
        "content",
        ["tables"],
        [Figure("rows_in_all", None, "row_sum")],
        table="gate_tables",
        rows=(
            "select count(*) as tables, sum(row_count) as row_sum from gate_tables "
            "where table_name not in ('row_accounting', 'previous_row_accounting', 'quarantine')"
        ),
    )


def row_accounting(frame: Frame) -> Suite:
    """One row a source table: what came in and what became of it."""
    share = "1.0 * rows_quarantined / rows_in"
    return frame.suite(
        "row_accounting",
        ["table_name"],
        [
            Figure(
                "quarantined_share",
                "rows_quarantined",
                where(f"rows_in >= {sample('rows_for_a_share')}", share),
            ),
            Figure("quarantined_notice", "rows_quarantined", where("rows_in > 0", share)),
            flag("all_quarantined", "rows_kept", "rows_in > 0 and rows_kept = 0 and rows_quarantined > 0"),
        ],
    )


def row_drift(frame: Frame) -> Suite:
    """One row a source table that the last publication had too: rows kept now over rows kept then."""
    return frame.suite(
        "row_drift",
        ["table_name"],
        [
            Figure(
                "kept_over_previous",
                "rows_kept",
                where(f"rows_before >= {sample('rows_for_a_share')}", "1.0 * rows_kept / rows_before"),
            )
        ],
        table="previous_row_accounting",
        rows=(
            "select old.table_name, coalesce(new.rows_kept, 0) as rows_kept, old.rows_kept as rows_before "
            "from previous_row_accounting as old "
            "left join row_accounting as new on new.table_name = old.table_name"
        ),
        also=("row_accounting",),
    )


SUITES = (content, row_accounting, row_drift)
