//! Dates and times as people write them, each language in its way.
use super::Voice;
use jiff::{Timestamp, Zoned};

impl Voice {
    /// For instance `Monday, 7 January 2030`.
    pub fn date(&self, at: &Zoned) -> String {
        let weekday = self.say(&format!("weekday-{}", at.weekday().to_monday_one_offset()));
        let month = self.say(&format!("month-{}", at.month()));
        // Years and days are not counted, so that they have no thousands to be separated.
        let (day, year) = (at.day().into(), at.year().to_string().into());
        self.say_with(
            "date",
            [("weekday", weekday.into()), ("day", day), ("month", month.into()), ("year", year)],
        )
    }

    /// For instance `9:00 am`.
    pub fn time(&self, at: &Zoned) -> String {
        let hour12 = match at.hour() % 12 {
            0 => 12,
            hour => hour,
        };
        let half = self.say(if at.hour() < 12 { "half-am" } else { "half-pm" });
        self.say_with(
            "time",
            [
                ("hour", at.hour().to_string().into()),
                ("hour12", hour12.to_string().into()),
                ("minute", format!("{:02}", at.minute()).into()),
                ("half", half.into()),
            ],
        )
    }

    /// From when until when, with the date of the end only where it is another.
    pub fn span(&self, start: &Zoned, end: &Zoned) -> String {
        let times = [("start", self.time(start).into()), ("end", self.time(end).into())];
        if start.date() == end.date() {
            return self.say_with("span", times);
        }
        let [start, until] = times;
        self.say_with("span-past_midnight", [start, until, ("date", self.date(end).into())])
    }

    /// Date and time.
    pub fn instant(&self, at: &Zoned) -> String {
        self.say_with("instant", self.when(at))
    }

    /// With what the clock is ahead of UTC then.
    pub fn instant_with_offset(&self, at: &Zoned) -> String {
        let [date, time] = self.when(at);
        self.say_with("instant-offset", [date, time, ("offset", at.strftime("%:z").to_string().into())])
    }

    /// With the zone that it is told in.
    pub fn instant_with_zone(&self, at: &Zoned) -> String {
        let [date, time] = self.when(at);
        let zone = at.time_zone().iana_name().unwrap_or("UTC").to_owned();
        self.say_with("instant-zone", [date, time, ("zone", zone.into())])
    }

    /// For readers whose zone is not known.
    pub fn instant_in_utc(&self, at: Timestamp) -> String {
        self.say_with("instant-utc", self.when(&at.to_zoned(jiff::tz::TimeZone::UTC)))
    }

    fn when(&self, at: &Zoned) -> [(&'static str, fluent_bundle::FluentValue<'static>); 2] {
        [("date", self.date(at).into()), ("time", self.time(at).into())]
    }

    /// For instance `Europe/Berlin (CET, UTC+01:00)`. Many zones have no abbreviation of their own.
    pub fn zone(&self, at: &Zoned) -> String {
        let zone = at.time_zone().iana_name().unwrap_or("UTC").to_owned();
        let named = [("zone", zone.into()), ("offset", at.strftime("%:z").to_string().into())];
        let abbreviation = at.strftime("%Z").to_string();
        if abbreviation.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let [zone, offset] = named;
            self.say_with("zone", [zone, ("abbreviation", abbreviation.into()), offset])
        } else {
            self.say_with("zone-unnamed", named)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Words;
    use super::*;
    use crate::domain::Language;
    use std::sync::Arc;

    fn voice(language: Language) -> Voice {
        Voice::new(Arc::new(Words::built_in()), language, "Clinic".into())
    }

    fn at(text: &str) -> Zoned {
        text.parse().unwrap()
    }

    #[test]
    fn each_language_writes_dates_and_times_in_its_way() {
        let (start, end) = (at("2030-03-01T09:05[Europe/Berlin]"), at("2030-03-01T14:30[Europe/Berlin]"));
        for (language, date, span, instant, utc) in [
            (
                Language::English,
                "Friday, 1 March 2030",
                "9:05 am to 2:30 pm",
                "2:30 pm on Friday, 1 March 2030",
                "1:30 pm UTC on Friday, 1 March 2030",
            ),
            (
                Language::Spanish,
                "viernes, 1 de marzo de 2030",
                "de 9:05 a 14:30\u{a0}h",
                "viernes, 1 de marzo de 2030, 14:30\u{a0}h",
                "viernes, 1 de marzo de 2030, 13:30\u{a0}h (UTC)",
            ),
            (
                Language::German,
                "Freitag, 1. März 2030",
                "9:05 bis 14:30\u{a0}Uhr",
                "Freitag, 1. März 2030, 14:30\u{a0}Uhr",
                "Freitag, 1. März 2030, 13:30\u{a0}Uhr (UTC)",
            ),
            (
                Language::French,
                "vendredi 1er mars 2030",
                "de 9\u{a0}h\u{a0}05 à 14\u{a0}h\u{a0}30",
                "vendredi 1er mars 2030 à 14\u{a0}h\u{a0}30",
                "vendredi 1er mars 2030 à 13\u{a0}h\u{a0}30 (UTC)",
            ),
        ] {
            let voice = voice(language);
            assert_eq!(voice.date(&start), date);
            assert_eq!(voice.span(&start, &end), span);
            assert_eq!(voice.instant(&end), instant);
            assert_eq!(voice.instant_in_utc(end.timestamp()), utc);
        }
        assert_eq!(voice(Language::French).date(&at("2030-03-21T09:00[UTC]")), "jeudi 21 mars 2030");
    }

    #[test]
    fn every_month_and_weekday_has_a_name_of_its_own() {
        for language in Language::ALL {
            let voice = voice(language);
            let names = |of: &str, count: u8| {
                let names: std::collections::BTreeSet<_> =
                    (1..=count).map(|number| voice.say(&format!("{of}-{number}"))).collect();
                names.len()
            };
            assert_eq!((names("month", 12), names("weekday", 7)), (12, 7));
        }
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        let voice = voice(Language::English);
        let span = voice.span(&at("2030-01-07T00:00[UTC]"), &at("2030-01-07T12:00[UTC]"));
        assert_eq!(span, "12:00 am to 12:00 pm");
    }

    #[test]
    fn summer_time_and_zones_without_a_name_are_told() {
        let told = |text: &str| voice(Language::English).zone(&at(text));
        assert_eq!(told("2030-07-01T09:00[America/New_York]"), "America/New_York (EDT, UTC-04:00)");
        assert_eq!(told("2030-07-01T09:00[Asia/Kathmandu]"), "Asia/Kathmandu (UTC+05:45)");
    }

    #[test]
    fn a_span_over_midnight_ends_on_another_date() {
        let (start, end) = (at("2030-01-07T23:45[Europe/Berlin]"), at("2030-01-08T00:15[Europe/Berlin]"));
        assert_eq!(
            voice(Language::English).span(&start, &end),
            "11:45 pm to 12:15 am on Tuesday, 8 January 2030"
        );
        assert_eq!(
            voice(Language::German).span(&start, &end),
            "23:45\u{a0}Uhr bis Dienstag, 8. Januar 2030, 0:15\u{a0}Uhr"
        );
    }
}
