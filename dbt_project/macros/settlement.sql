{#
    Periods of settlement breaks that a change reaches: a trade is settled in its month or the next, so a changed
    settlement reaches the month before its own, and a changed trade the settlements of the month after.
#}
{% macro settlement_reach() %} {{ return({"trades": [1], "transfers": [-1, 0]}) }}{% endmacro %}
