//! Whole numbers within bounds.
use serde::{Deserialize, Serialize};

/// A multiple of `STEP` from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i32", into = "i32")]
pub struct Number<const MIN: i32, const MAX: i32, const STEP: i32 = 1>(i32);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds {
    min: i32,
    max: i32,
    step: i32,
}

impl std::fmt::Display for OutOfBounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { min, max, step } = self;
        match step {
            1 => write!(f, "must be {min} to {max}"),
            _ => write!(f, "must be a multiple of {step} from {min} to {max}"),
        }
    }
}

impl std::error::Error for OutOfBounds {}

impl<const MIN: i32, const MAX: i32, const STEP: i32> Number<MIN, MAX, STEP> {
    pub fn get(self) -> i32 {
        self.0
    }
}

impl<const MIN: i32, const MAX: i32, const STEP: i32> TryFrom<i32> for Number<MIN, MAX, STEP> {
    type Error = OutOfBounds;

    fn try_from(number: i32) -> Result<Self, OutOfBounds> {
        let fits = (MIN..=MAX).contains(&number) && number % STEP == 0;
        if fits { Ok(Self(number)) } else { Err(OutOfBounds { min: MIN, max: MAX, step: STEP }) }
    }
}

impl<const MIN: i32, const MAX: i32, const STEP: i32> From<Number<MIN, MAX, STEP>> for i32 {
    fn from(number: Number<MIN, MAX, STEP>) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_multiple_within_bounds() {
        type Minutes = Number<5, 480, 5>;
        for fits in [5, 45, 480] {
            assert_eq!(Minutes::try_from(fits).map(Minutes::get), Ok(fits));
        }
        for wrong in [i32::MIN, -5, 0, 7, 485] {
            let told = Minutes::try_from(wrong).unwrap_err().to_string();
            assert_eq!(told, "must be a multiple of 5 from 5 to 480", "{wrong}");
        }
        assert_eq!(Number::<0, 5>::try_from(6).unwrap_err().to_string(), "must be 0 to 5");
    }
}
