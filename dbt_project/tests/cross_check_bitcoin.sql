{{ config(severity='warn', meta={'cross_check': ['coinbase.BTC-USD', 'kraken.BTC-USD', 'yahoo.BTC-USD.close']}) }}
-- Bitcoin at 24:00 UTC: Coinbase against Kraken and Yahoo. Tolerance 1.5 % between the two venues, whose prices arbitrage
-- keeps within fees and transfer times except in a crash's own minutes, and 3 % against Yahoo, a composite whose close is
-- some minutes off. Days before 2017 are thin on both venues and are not compared. A bar dated a day off, the likeliest
-- mistake of a source, differs by more than this on about half of all days.
{{ disagreements(('crypto', 'coinbase.BTC-USD'), ('crypto', 'kraken.BTC-USD'), 1.5, relative=true, since='2017-01-01') }}
union all
{{ disagreements(('crypto', 'coinbase.BTC-USD'), ('crypto', 'yahoo.BTC-USD.close'), 3, relative=true, since='2017-01-01') }}
