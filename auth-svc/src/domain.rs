//! Accounts and sessions, and what may become of them. Pure: no clock, no I/O, no async.
mod name; // what people type to say who they are
mod session; // one log-in, and when it is over
mod user; // an account, its role and its links

pub use name::{BadUsername, Login, Username};
pub use session::Session;
pub use user::{Asked, Change, Edit, Misfit, Refusal, RoleName, Standing, User, role_of_new};
