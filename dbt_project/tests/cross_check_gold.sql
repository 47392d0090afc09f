{{ config(severity='warn', meta={'cross_check': ['lbma.gold_pm', 'yahoo.GC=F.close']}) }}
-- Gold: the LBMA afternoon fixing (15:00 London) against the front future's settlement (13:30 New York, 3.5 hours later).
-- Tolerance 6 %: on 6,296 recorded days from 2000 to May 2026 half were within 0.3 %, 99 % within 2 %, and the three worst
-- (2026-01-30, 2008-10-10, 2001-05-18) between 5 % and 5.7 %, all real moves after the fixing or roll jumps. Another
-- currency or unit would be further off.
{{ disagreements(('gold', 'lbma.gold_pm'), ('market', 'yahoo.GC=F.close'), 6, relative=true) }}
