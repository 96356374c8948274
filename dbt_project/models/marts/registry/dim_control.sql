with
    spans as (select * from {{ ref("int_control_spans") }}),

    holders as (select *, controller_id as group_id from spans where subject_type <> 'account'),

    {# A holder's controller may have a controller itself; chains longer than this end early. #}
    {% for level in range(1, 4) %}
        {% set below = "holders" if loop.first else "holders_" ~ (level - 1) %}
        -- Two holders that control each other are one group, named after the first of the two.
        holders_{{ level }} as (
            select
                below.subject_type,
                below.subject_id,
                below.holder_id,
                below.controller_id,
                below.relation,
                below.share,
                below.basis,
                case
                    when above.controller_id = below.subject_id
                    then least(below.group_id, below.subject_id)
                    else coalesce(above.controller_id, below.group_id)
                end as group_id,
                greatest(below.valid_from, coalesce(above.valid_from, below.valid_from)) as valid_from,
                least(below.valid_to, coalesce(above.valid_to, below.valid_to)) as valid_to
            from {{ below }} as below
            left join
                holders as above
                on below.group_id = above.subject_id
                and below.group_id <> below.subject_id
                and below.valid_from <= above.valid_to
                and below.valid_to >= above.valid_from
        ),
    {% endfor %}

    accounts as (
        select
            spans.subject_type,
            spans.subject_id,
            spans.holder_id,
            spans.controller_id,
            spans.relation,
            spans.share,
            spans.basis,
            coalesce(above.group_id, spans.controller_id) as group_id,
            greatest(spans.valid_from, coalesce(above.valid_from, spans.valid_from)) as valid_from,
            least(spans.valid_to, coalesce(above.valid_to, spans.valid_to)) as valid_to
        from spans
        left join
            holders_3 as above
            on spans.controller_id = above.subject_id
            and spans.valid_from <= above.valid_to
            and spans.valid_to >= above.valid_from
        where spans.subject_type = 'account'
    ),

    subjects as (
        select *
        from holders_3
        union all
        select *
        from accounts
    ),

    compared as (
        select
            *,
            coalesce(group_id, holder_id, subject_id) as party_id,
            lag(basis) over (partition by subject_type, subject_id order by valid_from) as last_basis,
            lag(controller_id) over (
                partition by subject_type, subject_id order by valid_from
            ) as last_controller_id,
            lag(group_id) over (partition by subject_type, subject_id order by valid_from) as last_group_id,
            lag(relation) over (partition by subject_type, subject_id order by valid_from) as last_relation,
            lag(share) over (partition by subject_type, subject_id order by valid_from) as last_share
        from subjects
    ),

    numbered as (
        select
            *,
            sum(
                case
                    when
                        basis = last_basis
                        and coalesce(controller_id, '') = coalesce(last_controller_id, '')
                        and coalesce(group_id, '') = coalesce(last_group_id, '')
                        and coalesce(relation, '') = coalesce(last_relation, '')
                        and coalesce(share, -1) = coalesce(last_share, -1)
                    then 0
                    else 1
                end
            ) over (
                partition by subject_type, subject_id
                order by valid_from
                rows between unbounded preceding and current row
            ) as version
        from compared
    )

select
    subject_type,
    subject_id,
    controller_id,
    group_id,
    party_id,
    relation,
    share,
    basis,
    min(valid_from) as valid_from,
    nullif(max(valid_to), {{ last_date() }}) as valid_to
from numbered
group by subject_type, subject_id, version, controller_id, group_id, party_id, relation, share, basis
