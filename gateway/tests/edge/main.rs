//! The gateway with nothing behind it: no service and no Redis answers. What it does then is its own doing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod harness; // a gateway that is asked without a network

mod contract; // the document, and what it promises
mod documentation; // the pages for people
mod errors; // each failure as a problem
mod limits; // how often one caller may ask
mod pages; // pages behind the links in mails
mod calendars; // calendars that programs subscribe to
mod origins; // pages of other origins
mod stack; // what the layers do to any route
mod shedding; // more than can be answered in time
mod headers; // what every answer tells browsers
mod connections; // over a real socket
