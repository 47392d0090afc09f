{{ config(severity='warn', meta={'cross_check': ['nyfed.sofr', 'fred.SOFR']}) }}
-- SOFR: the New York Fed's own against FRED's copy. Tolerance 0.005 percentage points: both give two decimals, so any real
-- difference is at least 0.01. A correction on the afternoon of the day may reach FRED a day later; then this warns once.
{{ disagreements(('funding', 'nyfed.sofr'), ('funding', 'fred.SOFR'), 0.005) }}
