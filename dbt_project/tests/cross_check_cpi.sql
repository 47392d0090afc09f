{{ config(severity='warn', meta={'cross_check': ['bls.CUSR0000SA0', 'fred.CPIAUCSL', 'bls.CUUR0000SA0', 'fred.CPIAUCNS', 'bls.CUSR0000SA0L1E', 'fred.CPILFESL']}) }}
-- Consumer prices: the Bureau of Labor Statistics' own against FRED's copy, adjusted, unadjusted and core. Tolerance 0.0005
-- index points: both give three decimals; in 951 recorded months the adjusted index never differed. Each February the
-- seasonal factors of five years change: until both have been asked again, this warns.
{{ disagreements(('inflation', 'bls.CUSR0000SA0'), ('inflation', 'fred.CPIAUCSL'), 0.0005) }}
union all
{{ disagreements(('inflation', 'bls.CUUR0000SA0'), ('inflation', 'fred.CPIAUCNS'), 0.0005) }}
union all
{{ disagreements(('inflation', 'bls.CUSR0000SA0L1E'), ('inflation', 'fred.CPILFESL'), 0.0005) }}
