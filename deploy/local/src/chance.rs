//! Numbers by chance, the same each time: what a test found it finds again.

/// The same for the same seed (`SplitMix64`).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 0 to `limit` - 1, which must be positive.
    pub fn below(&mut self, limit: i32) -> i32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        i32::try_from(mixed % u64::from(limit.unsigned_abs())).unwrap_or_default()
    }

    /// Of `choices`, which must not be empty.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let index = self.below(i32::try_from(choices.len()).unwrap_or(i32::MAX));
        &choices[usize::try_from(index).unwrap_or_default()]
    }
}
