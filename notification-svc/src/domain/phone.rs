//! Numbers that an SMS can go to.

/// A number as every network understands it (E.164): a plus, and the country first. Has no `Debug`, so that none gets into
/// a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    const SHORTEST: usize = 7;
    const LONGEST: usize = 15;

    /// What `text` means, however it is punctuated; none unless it begins with the country. A zero that is dialled only
    /// at home, as in `+49 (0)30`, may or may not belong there: such a number is nobody's.
    pub fn read(text: &str) -> Option<Self> {
        let digits = text.trim().strip_prefix('+')?;
        if digits.replace(' ', "").contains("(0") {
            return None;
        }
        let digits: String = digits.chars().filter(|sign| !" -()./".contains(*sign)).collect();
        let is_one = digits.bytes().all(|digit| digit.is_ascii_digit())
            && !digits.starts_with('0')
            && (Self::SHORTEST..=Self::LONGEST).contains(&digits.len());
        is_one.then(|| Self(format!("+{digits}")))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_however_it_is_punctuated() {
        let read = |text| PhoneNumber::read(text).map(|number| number.as_str().to_owned());
        for text in ["+4930123456", "+49 30 123456", "+49-30/123.456", " +49 (30) 123456"] {
            assert_eq!(read(text).as_deref(), Some("+4930123456"), "{text}");
        }
        assert_eq!(read("+1 (202) 555-0143").as_deref(), Some("+12025550143"));
    }

    #[test]
    fn what_does_not_say_its_country_or_may_be_another_number_is_none() {
        for text in
            ["", "+", "030 123456", "0049 30 123456", "+49 (0)30 123456", "+49 ( 0 30) 123456", "+0301234567"]
        {
            assert!(PhoneNumber::read(text).is_none(), "{text}");
        }
        for text in ["+123456", "+1234567890123456", "+49 30 12x456", "++49301234567", "+٤٩٣٠١٢٣٤٥٦"]
        {
            assert!(PhoneNumber::read(text).is_none(), "{text}");
        }
    }
}
