{{ config(severity='error', meta={'published': ['marts.liquidation_order', 'marts.episodes', 'marts.episode_members']}) }}
-- One row per day, episode or member of the liquidation marts that contradicts itself, with the rule it breaks.
{%- set buckets = ['crypto', 'ai_tech', 'gold', 'treasuries'] %}
{%- set rules = [
    ('tau outside -1 to 1', 'greatest(abs(raw_break_tau), abs(raw_depth_tau), abs(scaled_break_tau), abs(scaled_depth_tau)) > 1 + 1e-9'),
    ('the label does not name the state', "(episode_status = 'open') != (episode_label = 'open episode since ' || episode_id)"),
    ('an ended episode is always tested', "episode_status = 'ended' and no_data_reason is null and not tested"),
    ('none sold while not ended, or one sold', "none_sold and (episode_status != 'ended' or gold_break_scaled_date is not null or treasuries_break_scaled_date is not null)"),
    ('AI out of order is 3 where it never broke', 'ai_tech_break_scaled_date is null and ai_out_of_order_count != 3'),
    ('crypto ranks by a break that did not happen', 'crypto_break_scaled_date is null and crypto_scaled_break_rank is not null'),
    ('placebo shares without windows', '(placebo_windows = 0) != (placebo_rule_pass_pct is null)'),
    ('the full rule passes more often than a part of it', 'placebo_rule_pass_pct > placebo_raw_pass_pct'),
] %}
{%- for bucket in buckets %}
{%- do rules.append((
    bucket ~ ': a fall above zero, or of more than everything',
    bucket ~ '_depth_pct > 0 or ' ~ bucket ~ '_depth_pct < -100 or ' ~ bucket ~ '_depth_vols < 0',
)) %}
{%- do rules.append((
    bucket ~ ': the 10% break and the depth disagree',
    '(' ~ bucket ~ '_break_10pct_date is not null) != (' ~ bucket ~ '_depth_pct <= -10)',
)) %}
{%- do rules.append((
    bucket ~ ': the break in volatilities and the depth disagree',
    '(' ~ bucket ~ '_break_scaled_date is not null) != (' ~ bucket ~ '_depth_vols >= 1.5)'
    ~ ' and abs(' ~ bucket ~ '_depth_vols - 1.5) > 1e-9',
)) %}
{%- do rules.append((
    bucket ~ ': a break later than the day that reports it',
    bucket ~ '_break_10pct_date > as_of_date or ' ~ bucket ~ '_break_scaled_date > as_of_date',
)) %}
{%- endfor %}
{{ contradictions(ref('liquidation_order'), rules) }}
union all
select episode_id as place, 'an episode without its fall of 5%, or out of order in time' as reason
from {{ ref('episodes') }}
where
    sp500_depth_pct > -5 + 1e-9
    or not (window_open_date <= start_date and start_date < confirmation_date)
    or coalesce(end_date <= confirmation_date, false)
    or (status = 'open') != (end_date is null)
union all
select members.episode_id || ' ' || members.member as place, 'a member of no episode, or out of order in time' as reason
from {{ ref('episode_members') }} as members
left join {{ ref('episodes') }} as episodes on members.episode_id = episodes.episode_id
where
    episodes.episode_id is null
    or members.status != episodes.status
    or members.peak_date > members.trough_date
    or members.half_recovery_date <= members.trough_date
    or members.trough_level > members.peak_level
