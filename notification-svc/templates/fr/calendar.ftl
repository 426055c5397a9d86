## Dates and times. { $hour } counts to 23, { $hour12 } to 12; { $half } is half-am or half-pm.

weekday-1 = lundi
weekday-2 = mardi
weekday-3 = mercredi
weekday-4 = jeudi
weekday-5 = vendredi
weekday-6 = samedi
weekday-7 = dimanche
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
half-am = du matin
half-pm = de l’après-midi
date =
    { $day ->
        [1] { $weekday } { $day }er { $month } { $year }
       *[other] { $weekday } { $day } { $month } { $year }
    }
time = { $hour } h { $minute }
span = de { $start } à { $end }
span-past_midnight = de { $start } au { $date } à { $end }
instant = { $date } à { $time }
instant-offset = { $date } à { $time } (UTC{ $offset })
instant-utc = { $date } à { $time } (UTC)
instant-zone = { $date } à { $time } ({ $zone })
zone = { $zone } ({ $abbreviation }, UTC{ $offset })
zone-unnamed = { $zone } (UTC{ $offset })
