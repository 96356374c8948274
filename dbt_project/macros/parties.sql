{#
    Party columns of a growing table: `columns` is the party column by the account column that it follows
    from, `day` an SQL expression of the day whose relations decide, over the stored rows.
#}
{% macro trade_parties() %}
    {{
        return(
            {
                "day": "stored.trade_date",
                "columns": {"buy_account_id": "buy_party_id", "sell_account_id": "sell_party_id"},
            }
        )
    }}
{% endmacro %}

{% macro transfer_parties() %}
    {{
        return(
            {
                "day": "stored.transfer_date",
                "columns": {"from_account_id": "from_party_id", "to_account_id": "to_party_id"},
            }
        )
    }}
{% endmacro %}

{#
    Periods of the model's stored rows in which a party is no longer the one that `dim_control` names for
    the day. The stored rows are compared, not the last run's input, so that a run that was cut off loses
    nothing. Nothing is read where no table changed that decides on parties.
#}
{% macro reassigned_periods(changed, parties) %}
    {% set causes = ["accounts", "entities", "control_relations"] | select("in", changed) | list %}
    {% if not causes or not execute %} {{ return([]) }}{% endif %}
    {% set found = run_query(reassigned_periods_query(this, parties)) %}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}

{% macro reassigned_periods_query(stored, parties) %}
    select distinct stored.period
    from {{ stored }} as stored
    {% for account in parties.columns %}
        left join
            {{ ref("dim_control") }} as control_{{ loop.index }}
            on control_{{ loop.index }}.subject_type = 'account'
            and control_{{ loop.index }}.subject_id = stored.{{ account }}
            and {{ holds_on("control_" ~ loop.index, parties.day) }}
    {% endfor %}
    where
        {% for account, party in parties.columns.items() %}
            coalesce(control_{{ loop.index }}.party_id, stored.{{ account }}) <> stored.{{ party }}
            {% if not loop.last %} or {% endif %}
        {% endfor %}
{% endmacro %}
