"""The independent witness: every built thesis recomputed in plain Python from a change log.

Written from the definitions alone, slowly and without tricks, so that the SQL of the warehouse can be checked against
something that shares no line with it. Nothing here is imported by the product; nothing of the product is imported here.

observations  change log -> what was known at a moment; readers that turn recorded answers into such a log
stress        scaled returns, breadth, ages, correlation (t0)
policy        easing priced, lows, betas to the 2-year yield, inflation by vintage (t1_1)
funding       spreads, their 20-day means, z-scores and the funding stress index (t1_2)
prices        forward-adjusted closes, total return, sampling on sessions, baskets
episodes      trailing highs, episodes, the measures of one window
liquidation   ranks, tau-b, placebo windows, one row of the liquidation order (t2_0 to t2_3)
gold          drawdown and long-run return of the LBMA PM price (t4_5)
cycles        gold and the turn in real rates, by phase (t4_1)
currencies    what cash buys after its interest, per currency (t4_2)
filter        price against structure (t5)
scorecard     legs, verdicts, the settled verdict
"""
