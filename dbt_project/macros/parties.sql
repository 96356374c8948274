{#
    Party columns of a growing table: `columns` is the party column by the account column that it follows
    from, `day` an SQL expression of the day whose relations decide, over the stored rows. `close` is a stored
    column with the close before the day of trading, which `fct_market_days` names.
#}
{% macro trade_parties() %}
    {{
        return(
            {
                "day": "stored.trade_date",
                "columns": {"buy_account_id": "buy_party_id", "sell_account_id": "sell_party_id"},
                "close": "previous_close",
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
    the day, or the close before no longer that of `fct_market_days`. The stored rows are compared, not the last
    run's input, so that a run that was cut off loses nothing. Nothing is read where no table changed that
    decides on them.
#}
{% macro reassigned_periods(changed, parties) %}
    {% set queries = [] %}
    {% if ["accounts", "entities", "control_relations"] | select("in", changed) | list %}
        {% do queries.append(reassigned_periods_query(this, parties)) %}
    {% endif %}
    {% if parties.close and "market_days" in changed %}
        {% do queries.append(repriced_periods_query(this, parties.close)) %}
    {% endif %}
    {% if not queries or not execute %} {{ return([]) }}{% endif %}
    {% set found = run_query(queries | join(" union ")) %}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}

{% macro repriced_periods_query(stored, close) %}
    select distinct stored.period
    from {{ stored }} as stored
    left join
        {{ ref("fct_market_days") }} as days
        on stored.instrument_id = days.instrument_id
        and stored.trade_date = days.date
    where stored.{{ close }} is distinct from days.previous_close
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
