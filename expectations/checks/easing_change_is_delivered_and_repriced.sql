-- table: marts.rate_cut_repricing
-- severity: critical
-- reason: the change of easing priced is what the Fed delivered and what the market repriced, and a bond equivalent follows from its rate
select as_of_date, easing_1y_change_20d_bp, delivered_1y_20d_bp, repriced_1y_20d_bp, effr_pct, effr_bond_equivalent_pct
from marts.rate_cut_repricing
where abs(easing_1y_change_20d_bp - delivered_1y_20d_bp - repriced_1y_20d_bp) > 1e-9
    or abs(easing_1y_change_60d_bp - delivered_1y_60d_bp - repriced_1y_60d_bp) > 1e-9
    or abs(easing_2y_change_20d_bp - delivered_2y_20d_bp - repriced_2y_20d_bp) > 1e-9
    or abs(easing_2y_change_60d_bp - delivered_2y_60d_bp - repriced_2y_60d_bp) > 1e-9
    or abs(ln(1 + effr_bond_equivalent_pct / 200) - 182.5 * ln(1 + effr_pct / 36000)) > 1e-12
order by as_of_date
