//! What services agree on about Redis.

/// The key of a number that doctor-svc increments after each change that readers of doctors can see. Cached
/// answers about doctors have the number they were asked for under in their own keys, so that a change makes all
/// of them unreachable at once.
pub const DOCTOR_DIRECTORY_GENERATION: &str = "doctors:generation";
