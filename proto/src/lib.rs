//! The contract of the mesh: what services say to each other.
//!
//! `healthcare/` holds the `.proto` files; this crate compiles them and adds what prose alone cannot
//! promise: ids that cannot be mixed up, text that has been checked, and times that convert.

mod generated; // one module per proto package, as the compiler made it
pub mod ids; // PatientId, DoctorId, …: one newtype per resource
pub mod scalars; // Email, Phone, PersonName, …: text checked once
pub mod cancellation; // why visits are cancelled, as codes
pub mod time; // Timestamp to and from jiff
pub mod cache; // keys in Redis that more than one service uses
pub mod access; // who may call which method

pub use generated::healthcare::{
    appointment::v1 as appointment, auth::v1 as auth, doctor::v1 as doctor, events::v1 as events,
    notification::v1 as notification, patient::v1 as patient,
};

/// Every message and service, as compiled: served by reflection, and the truth that tests compare with.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
