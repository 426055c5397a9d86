//! Booking as an exhaustive model: every order in which the steps of transactions can come is tried, with crashes
//! and with time passing in between. What holds here holds for the steps as they are modelled; `tests/api` holds
//! them against a real PostgreSQL.
//!
//! Three clients are on one doctor, whose time is three units long, with visits of two: whatever two of them want
//! overlaps. Of what a transaction does, all that others can notice is a step of its own; to begin is none.
//!
//! The largest model has 380,000 states. All models together took 45 s of processor time in a debug build; each test
//! prints its own numbers, and the order of steps by which a promise was broken.

mod rows; // claims on time, and what makes two of them conflict
mod wishes; // what clients want, and the steps in which they get it
mod database; // what is committed, who holds what, and who waits for whom
mod steps; // what one step of one transaction does
mod model; // the whole as states, actions and promises

mod findings; // running a model, and what its checker says

mod deadlocks; // who waits for whom, and orders of locks that end it
mod guards; // what the lock and the constraint are each there for
mod holds; // time that is kept for somebody for a while
mod races; // everything at once, with every guard
