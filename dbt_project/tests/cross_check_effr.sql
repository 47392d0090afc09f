{{ config(severity='warn', meta={'cross_check': ['nyfed.effr', 'fred.EFFR']}) }}
-- Effective federal funds rate: the New York Fed's own against FRED's copy. Tolerance 0.005 percentage points: both give
-- two decimals; in 6,504 recorded days from July 2000 to May 2026 they never differed.
{{ disagreements(('funding', 'nyfed.effr'), ('funding', 'fred.EFFR'), 0.005) }}
