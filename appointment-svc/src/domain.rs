//! What a visit is and what may happen to it; when a doctor can be booked. Pure: no clock, no I/O, no async.

pub mod interval; // a span of time
pub mod local; // civil times in a zone, and the instants they stand for
pub mod zone; // time zones by name
pub mod status; // where a visit stands, and who acts on it
pub mod policy; // what a patient may still do with a booked visit
pub mod clinic; // what the clinic offers: places, days off, kinds of visits
pub mod rules; // what a doctor offers
pub mod schedule; // when a doctor works, as instants
pub mod claims; // what is taken
pub mod leave; // booking against a rule on purpose
pub mod slots; // times that can be booked
pub mod questions; // what is asked about times, and what is answered
pub mod diary; // a doctor with what is taken
pub mod days; // what is to be had on each date
pub mod appointment; // a visit, and who may see it
pub mod why; // the reason of a change
pub mod transition; // the status machine: what may follow what, by whom, and when
pub mod actions; // what a caller may do with a visit, and when
pub mod commands; // what callers ask for, already parsed
pub mod hold; // a time that is kept
pub mod recurrence; // rules by which visits recur
pub mod series; // visits that recur, and where they find a place
pub mod absence; // another time for each visit of a doctor who will be away
pub mod waitlist; // patients who wait, and what they are offered
