//! The doctors, and when they work. Nobody here exists.
use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp, ToSpan};

pub(super) struct Doctor {
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) specialization: &'static str,
    pub(super) time_zone: &'static str,
    pub(super) languages: &'static [&'static str],
    pub(super) phone: &'static str,
    pub(super) slot_minutes: i32,
    pub(super) hours: &'static [Window],
    pub(super) bio: &'static str,
}

/// The same hours on several days; 0 is Monday.
pub(super) struct Window {
    pub(super) days: &'static [i32],
    pub(super) start: &'static str,
    pub(super) end: &'static str,
}

const FULL_WEEK: [Window; 2] = [
    Window { days: &[0, 1, 2, 3, 4], start: "09:00", end: "12:00" },
    Window { days: &[0, 1, 2, 3, 4], start: "13:00", end: "17:00" },
];
const EARLY: [Window; 1] = [Window { days: &[0, 1, 2, 3, 4], start: "07:30", end: "14:00" }];
const WITH_SATURDAY: [Window; 2] = [
    Window { days: &[1, 2, 3, 4], start: "10:00", end: "18:00" },
    Window { days: &[5], start: "09:00", end: "13:00" },
];
const HALF_WEEK: [Window; 2] = [
    Window { days: &[0, 2, 4], start: "08:00", end: "12:30" },
    Window { days: &[0, 2], start: "14:00", end: "18:30" },
];

const BERLIN: &str = "Europe/Berlin";
const NEW_YORK: &str = "America/New_York";
const KOLKATA: &str = "Asia/Kolkata";

pub(super) const DOCTORS: [Doctor; 14] = [
    Doctor {
        first_name: "Anna",
        last_name: "Lindqvist",
        specialization: "General practice",
        time_zone: BERLIN,
        languages: &["en", "de"],
        phone: "+49 30 5550101",
        slot_minutes: 30,
        hours: &FULL_WEEK,
        bio: "Twenty years of family medicine; sees whole families, from newborns to great-grandparents.",
    },
    Doctor {
        first_name: "Martin",
        last_name: "Vogel",
        specialization: "Cardiology",
        time_zone: BERLIN,
        languages: &["de", "en"],
        phone: "+49 30 5550102",
        slot_minutes: 30,
        hours: &EARLY,
        bio: "Heart rhythm and blood pressure, with an eye on how people really live.",
    },
    Doctor {
        first_name: "Leila",
        last_name: "Haddad",
        specialization: "Dermatology",
        time_zone: BERLIN,
        languages: &["de", "en", "fr"],
        phone: "+49 30 5550103",
        slot_minutes: 15,
        hours: &WITH_SATURDAY,
        bio: "Skin checks, allergies and small procedures.",
    },
    Doctor {
        first_name: "Tomasz",
        last_name: "Zielinski",
        specialization: "Orthopedics",
        time_zone: BERLIN,
        languages: &["de", "pl"],
        phone: "+49 30 5550104",
        slot_minutes: 30,
        hours: &HALF_WEEK,
        bio: "Knees, hips and shoulders; operates only when exercise has failed.",
    },
    Doctor {
        first_name: "Clara",
        last_name: "Brandt",
        specialization: "Pediatrics",
        time_zone: BERLIN,
        languages: &["de", "en"],
        phone: "+49 30 5550105",
        slot_minutes: 20,
        hours: &FULL_WEEK,
        bio: "Looks after children and calms their parents.",
    },
    Doctor {
        first_name: "Grace",
        last_name: "Whitfield",
        specialization: "General practice",
        time_zone: NEW_YORK,
        languages: &["en"],
        phone: "+1 212 555 0106",
        slot_minutes: 30,
        hours: &FULL_WEEK,
        bio: "Primary care with an interest in sleep and nutrition.",
    },
    Doctor {
        first_name: "Samuel",
        last_name: "Okonkwo",
        specialization: "Neurology",
        time_zone: NEW_YORK,
        languages: &["en", "fr"],
        phone: "+1 212 555 0107",
        slot_minutes: 45,
        hours: &HALF_WEEK,
        bio: "Headache, epilepsy and memory.",
    },
    Doctor {
        first_name: "Rosa",
        last_name: "Delgado",
        specialization: "Gynecology",
        time_zone: NEW_YORK,
        languages: &["en", "es"],
        phone: "+1 212 555 0108",
        slot_minutes: 30,
        hours: &EARLY,
        bio: "Prevention, pregnancy and everything after.",
    },
    Doctor {
        first_name: "Daniel",
        last_name: "Rosenberg",
        specialization: "Psychiatry",
        time_zone: NEW_YORK,
        languages: &["en"],
        phone: "+1 212 555 0109",
        slot_minutes: 60,
        hours: &WITH_SATURDAY,
        bio: "Talks first, prescribes second.",
    },
    Doctor {
        first_name: "Mei",
        last_name: "Tanaka",
        specialization: "Ophthalmology",
        time_zone: NEW_YORK,
        languages: &["en", "ja"],
        phone: "+1 212 555 0110",
        slot_minutes: 20,
        hours: &FULL_WEEK,
        bio: "Cataract, glaucoma and diabetic eyes.",
    },
    Doctor {
        first_name: "Priya",
        last_name: "Raman",
        specialization: "General practice",
        time_zone: KOLKATA,
        languages: &["en", "hi"],
        phone: "+91 33 5550 0111",
        slot_minutes: 20,
        hours: &EARLY,
        bio: "Village clinics first, city practice since.",
    },
    Doctor {
        first_name: "Arjun",
        last_name: "Mehta",
        specialization: "Cardiology",
        time_zone: KOLKATA,
        languages: &["en", "hi", "bn"],
        phone: "+91 33 5550 0112",
        slot_minutes: 30,
        hours: &FULL_WEEK,
        bio: "Interventional cardiologist who would rather prevent.",
    },
    Doctor {
        first_name: "Sunita",
        last_name: "Bose",
        specialization: "Endocrinology",
        time_zone: KOLKATA,
        languages: &["en", "bn"],
        phone: "+91 33 5550 0113",
        slot_minutes: 30,
        hours: &HALF_WEEK,
        bio: "Diabetes and thyroid disease.",
    },
    Doctor {
        first_name: "Vikram",
        last_name: "Iyer",
        specialization: "Pulmonology",
        time_zone: KOLKATA,
        languages: &["en", "hi"],
        phone: "+91 33 5550 0114",
        slot_minutes: 30,
        hours: &WITH_SATURDAY,
        bio: "Asthma, chronic cough and sleep apnea.",
    },
];

impl Doctor {
    pub(super) fn email(&self) -> String {
        format!("{}.{}@example.com", self.first_name, self.last_name).to_lowercase()
    }

    /// How long a visit takes.
    pub(super) fn slot(&self) -> Span {
        i64::from(self.slot_minutes).minutes()
    }

    /// When visits can begin on a date.
    pub(super) fn starts(&self, date: Date) -> Vec<Timestamp> {
        let day = i32::from(date.weekday().to_monday_zero_offset());
        let windows = self.hours.iter().filter(|window| window.days.contains(&day));
        windows.flat_map(|window| window.starts(date, self.time_zone, self.slot())).collect()
    }
}

impl Window {
    fn starts(&self, date: Date, time_zone: &str, length: Span) -> Vec<Timestamp> {
        let at = |time: &str| -> Option<Timestamp> {
            let time: Time = time.parse().ok()?;
            Some(date.to_datetime(time).in_tz(time_zone).ok()?.timestamp())
        };
        let (Some(start), Some(end)) = (at(self.start), at(self.end)) else { return Vec::new() };
        start
            .series(length)
            .take_while(|start| start.checked_add(length).is_ok_and(|until| until <= end))
            .collect()
    }
}
