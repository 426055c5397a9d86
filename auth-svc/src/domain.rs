//! Accounts and sessions, and what may become of them. Pure: no clock, no I/O, no async.
mod name; // what people type to say who they are
mod claim_code; // codes by which patients get to their records
mod one_time; // tokens that work once
mod role; // roles, the records they link to, and who may give them
mod user; // an account, and what may change in it
mod proxy; // people who act for a patient
mod session; // one log-in, and when it is over
mod api_client; // programs that log in by themselves
mod denied; // why something is not done with a second factor

pub use api_client::{ApiClient, Granted};
pub use claim_code::{BadToken, ClaimCode};
pub use denied::Denied;
pub use name::{BadUsername, Login, Username};
pub use one_time::{Mint, Minted, OneTimeToken, Purpose, Token};
pub use proxy::{Acting, Proxy, Relation};
pub use role::{Asked, Misfit, RoleName, Standing, role_of_new};
pub use session::{Session, Start, UserAgent};
pub use user::{Change, Edit, Pending, Refusal, User};
