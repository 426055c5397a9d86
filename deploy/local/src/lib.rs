//! The whole system on one machine: its servers, its processes, its demo data.
//!
//! `cargo dev` runs it for people and the tests run on it, so that both see the same system.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // what is read from the environment
pub mod say; // what the person at the terminal sees
pub mod places; // where a checkout keeps its data, logs and pid files
pub mod service; // the processes of the mesh, by name
pub mod secrets; // passwords and keys, made once per checkout
pub mod certificates; // an authority of one's own
pub mod ports; // free ones
pub mod programs; // finding the servers' programs
pub mod install; // getting the missing ones with apt-get
pub mod process; // a child process that cannot outlive its parent
pub mod probe; // whether a server answers
pub mod server; // a process that can be stopped and started again in its place
pub mod stores; // private PostgreSQL, Redis and RabbitMQ
pub mod database; // databases with the roles and schemas of every service
pub mod mail; // catches mail, and shows it
pub mod mesh; // all of them, running
pub mod running; // what a launcher tells others of what it runs
pub mod commands; // what services do with the database by a word
pub mod backup; // the database in a file, and back
pub mod check; // whether all is well, and what to do where it is not
pub mod chance; // numbers by chance, the same each time
pub mod testing; // what tests stand on
pub mod demo; // a clinic to look at
