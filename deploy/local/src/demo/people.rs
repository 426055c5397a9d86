//! Names and words to choose from. Nobody here exists.

pub(super) const FEMALE: [&str; 40] = [
    "Ada", "Amara", "Beatriz", "Camille", "Chiara", "Dana", "Elena", "Emily", "Fatima", "Freya", "Gita",
    "Hannah", "Ines", "Ivy", "Jana", "Joan", "Katya", "Keiko", "Lara", "Lucia", "Maja", "Maria", "Mina",
    "Nadia", "Nora", "Olga", "Paula", "Qing", "Rita", "Ruth", "Sara", "Sofia", "Tara", "Thea", "Uma", "Vera",
    "Wanda", "Xenia", "Yara", "Zoe",
];
pub(super) const MALE: [&str; 40] = [
    "Aaron", "Adil", "Bela", "Boris", "Carlos", "Cyril", "David", "Deniz", "Elias", "Emil", "Farid", "Felix",
    "George", "Hugo", "Ian", "Ivan", "Jamal", "Jonas", "Kaito", "Karl", "Leon", "Luca", "Marek", "Mateo",
    "Milan", "Nils", "Noah", "Omar", "Oscar", "Pavel", "Quentin", "Rafael", "Ravi", "Simon", "Stefan",
    "Theo", "Umar", "Viktor", "Walter", "Yusuf",
];
/// As many as have no divisor in common with the first names, so that pairs do not repeat.
pub(super) const LAST_NAMES: [&str; 37] = [
    "Abbott", "Almeida", "Bauer", "Becker", "Chen", "Costa", "Dubois", "Eriksen", "Fischer", "Fontaine",
    "Garcia", "Gupta", "Hansen", "Hoffmann", "Ibrahim", "Jansen", "Johnson", "Kaya", "Kim", "Kovacs",
    "Larsen", "Lopez", "Meyer", "Moreau", "Nguyen", "Novak", "Ortiz", "Park", "Petrov", "Quinn", "Rossi",
    "Santos", "Silva", "Singh", "Tran", "Weber", "Yilmaz",
];
pub(super) const STREETS: [&str; 10] = [
    "Station Road",
    "Mill Lane",
    "Garden Street",
    "Harbour View",
    "Church Hill",
    "Market Square",
    "Linden
    Avenue",
    "River Walk",
    "School Lane",
    "Park Terrace",
];
pub(super) const INSURERS: [&str; 5] =
    ["Acme Health", "Northern Mutual", "Blue Harbour Insurance", "Public Health Fund", "Meridian Care"];

/// Why a visit takes place.
pub(super) const REASONS: [&str; 12] = [
    "Annual check-up",
    "Follow-up after the last visit",
    "Blood test results",
    "Persistent cough",
    "Headaches since last week",
    "New prescription needed",
    "Back pain when sitting",
    "Rash on the
    forearm",
    "Vaccination",
    "Second opinion",
    "Trouble sleeping",
    "Numb fingers in the morning",
];

/// What a doctor found and did.
pub(super) struct Finding {
    pub(super) diagnosis: &'static str,
    pub(super) treatment: &'static str,
    pub(super) prescription: &'static str,
    pub(super) notes: &'static str,
}

pub(super) const FINDINGS: [Finding; 6] = [
    Finding {
        diagnosis: "Mild hypertension",
        treatment: "Less salt, half an hour of walking a day",
        prescription: "Ramipril 2.5 mg, once in the morning",
        notes: "Measure at home twice a week; see again in six weeks",
    },
    Finding {
        diagnosis: "Seasonal allergic rhinitis",
        treatment: "Nasal rinse with saline",
        prescription: "Cetirizine 10 mg, in the evening",
        notes: "Pollen diary until the next visit",
    },
    Finding {
        diagnosis: "Tension headache",
        treatment: "Regular breaks at the screen, neck exercises",
        prescription: "Ibuprofen 400 mg when needed, at most ten days a month",
        notes: "No warning signs",
    },
    Finding {
        diagnosis: "Contact dermatitis of the forearm",
        treatment: "Avoid the new detergent",
        prescription: "Hydrocortisone 1 % cream, twice a day for a week",
        notes: "Patch test if it returns",
    },
    Finding {
        diagnosis: "Vitamin D deficiency",
        treatment: "More daylight",
        prescription: "Colecalciferol 1000 IU, once a day",
        notes: "Check the level in three months",
    },
    Finding {
        diagnosis: "Lumbar strain",
        treatment: "Physiotherapy, six sessions",
        prescription: "Paracetamol 1 g when needed, at most three times a day",
        notes: "Keeps moving; no numbness",
    },
];
