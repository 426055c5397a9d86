//! When patients are reminded of visits.
use serde::{Deserialize, Serialize};

/// How long before a visit, in minutes: the longest first, each once. Nobody is reminded when there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<i32>")]
pub struct ReminderOffsets(Vec<i32>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOffsets {
    #[error("must be at most {}", ReminderOffsets::MOST)]
    TooMany,
    #[error("must be {} to {} each", ReminderOffsets::SHORTEST, ReminderOffsets::LONGEST)]
    OutOfBounds,
    #[error("must not have one twice")]
    Twice,
}

impl ReminderOffsets {
    pub const MOST: usize = 5;
    /// A quarter of an hour.
    pub const SHORTEST: i32 = 15;
    /// 30 days.
    pub const LONGEST: i32 = 43_200;

    pub fn minutes(&self) -> &[i32] {
        &self.0
    }
}

impl TryFrom<Vec<i32>> for ReminderOffsets {
    type Error = BadOffsets;

    fn try_from(mut minutes: Vec<i32>) -> Result<Self, BadOffsets> {
        if minutes.len() > Self::MOST {
            return Err(BadOffsets::TooMany);
        }
        if minutes.iter().any(|offset| !(Self::SHORTEST..=Self::LONGEST).contains(offset)) {
            return Err(BadOffsets::OutOfBounds);
        }
        minutes.sort_unstable_by(|one, other| other.cmp(one));
        if minutes.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(BadOffsets::Twice);
        }
        Ok(Self(minutes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_comes_first_and_each_once() {
        let offsets = |minutes: &[i32]| ReminderOffsets::try_from(minutes.to_vec());
        assert_eq!(offsets(&[120, 43_200, 15, 1440]).unwrap().minutes(), [43_200, 1440, 120, 15]);
        assert_eq!(offsets(&[]).unwrap().minutes(), [0; 0]);
        assert_eq!(offsets(&[120, 60, 120]), Err(BadOffsets::Twice));
        assert_eq!(offsets(&[14]), Err(BadOffsets::OutOfBounds));
        assert_eq!(offsets(&[43_201]), Err(BadOffsets::OutOfBounds));
        assert_eq!(offsets(&[15, 16, 17, 18, 19, 20]), Err(BadOffsets::TooMany));
    }
}
