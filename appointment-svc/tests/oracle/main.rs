//! When a doctor works, said twice: by the service, and by a clock on a wall that is looked at every minute. Both must
//! agree in every zone of the tz database, around every change of clocks from 2020 to 2035.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod engine; // all that is used of the service
mod wall; // a clock on the wall, and what it says about working hours
mod zones; // the zones of the tz database, and when their clocks change

mod elsewhere; // where the process believes to be
mod everywhere; // all zones, all changes
mod fixtures; // days that are known for their trouble, with instants from another tool
