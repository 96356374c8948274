"""The delivery as a whole: is there anything, how much was quarantined, how much less than last time."""

from expectations.policy import sample
from expectations.suite import Frame, Suite, at_least, between, total, where


def content(frame: Frame) -> Suite:
    """One row a kept table. `gate_tables` is the gate's own count of rows by table."""
    return frame.suite(
        "content",
        ["table_name"],
        [total("rows_in_all", "row_count")],
        table="gate_tables",
        rows=(
            "select * from gate_tables "
            "where table_name not in "
            "('row_accounting', 'file_accounting', 'previous_row_accounting', 'quarantine', 'completeness')"
        ),
    )


def row_accounting(frame: Frame) -> Suite:
    """One row a source table: rows received, kept, superseded and quarantined."""
    return frame.suite(
        "row_accounting",
        ["table_name"],
        [
            between("quarantined_share", about="rows_quarantined"),
            between("quarantined_notice", about="rows_quarantined"),
            at_least("all_quarantined", "rows_kept", "least_kept"),
        ],
        derived={
            "quarantined_share": where(
                f"rows_in >= {sample('rows_for_a_share')}", "1.0 * rows_quarantined / rows_in"
            ),
            "quarantined_notice": where("rows_in > 0", "1.0 * rows_quarantined / rows_in"),
            "least_kept": "least(rows_quarantined, 1)",
        },
    )


def file_accounting(frame: Frame) -> Suite:
    """One row a file, published or delivered: rows and tonnes that were lost, without repetitions."""
    lost = "(rows_quarantined - rows_repeated)"
    return frame.suite(
        "file_accounting",
        ["stage", "table_name", "file"],
        [
            between("lost_share", about="rows_quarantined"),
            between("lost_notice", about="rows_quarantined"),
            between("tonnes_share", about="tonnes_quarantined"),
            between("tonnes_notice", about="tonnes_quarantined"),
        ],
        derived={
            "lost_share": where(f"rows_in >= {sample('rows_for_a_share')}", f"1.0 * {lost} / rows_in"),
            "lost_notice": where("rows_in > 0", f"1.0 * {lost} / rows_in"),
            "tonnes_share": where(
                f"{lost} >= {sample('rows_for_tonnes')} and tonnes_in > 0", "tonnes_quarantined / tonnes_in"
            ),
            "tonnes_notice": where("tonnes_in > 0", "tonnes_quarantined / tonnes_in"),
        },
    )


def row_drift(frame: Frame) -> Suite:
    """One row a source table that the last publication had too: rows kept now over rows kept then."""
    return frame.suite(
        "row_drift",
        ["table_name"],
        [between("kept_over_previous", about="rows_kept")],
        derived={
            "kept_over_previous": where(
                f"rows_before >= {sample('rows_for_a_share')}", "1.0 * rows_kept / rows_before"
            )
        },
        table="previous_row_accounting",
        rows=(
            "select old.table_name, coalesce(new.rows_kept, 0) as rows_kept, old.rows_kept as rows_before "
            "from previous_row_accounting as old "
            "left join row_accounting as new on new.table_name = old.table_name"
        ),
        also=("row_accounting",),
    )


def completeness(frame: Frame) -> Suite:
    """One row a completeness check and gap, or without gaps; severities are those of the lake's policy."""

    def gaps(severity: str) -> str:
        return where(f"severity = '{severity}'", "case when state = 'found' then 1 else 0 end")

    return frame.suite(
        "completeness",
        ["check_name", "table_name", "period", "province_code", "column_name"],
        [
            between("gaps_that_refuse", about="state"),
            between("gaps_that_warn", about="state"),
            between("gaps_noted", about="state"),
        ],
        derived={
            "gaps_that_refuse": gaps("critical"),
            "gaps_that_warn": gaps("warning"),
            "gaps_noted": gaps("info"),
        },
    )


SUITES = (content, row_accounting, file_accounting, row_drift, completeness)
