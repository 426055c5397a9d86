//! How a process of the mesh runs: settings, telemetry, stores, broker, server and client stacks, shutdown.
//! No word of the clinic in here.
//!
//! Modules are declared in dependency order: each imports only what stands above it.

pub mod config; // settings that every service has
pub mod clock; // the time as a value
pub mod shutdown; // stop taking work, finish what was begun
pub mod secrets; // the root secret, and the keys derived from it
pub mod resealing; // what another root secret has sealed, sealed anew
pub mod telemetry; // logs and traces, flushed on the way out
pub mod measurements; // what processes measure of themselves
pub mod propagation; // W3C trace context through gRPC metadata and AMQP headers
pub mod deadline; // how much time is left, through every hop
pub mod fault; // Status with ErrorInfo; internal errors logged once, told blandly
pub mod violations; // all that is wrong with a request, gathered before answering
pub mod page; // page sizes clamped, page tokens sealed
pub mod caller; // who is asking
pub mod context; // the request at hand, through every hop
pub mod tls; // certificates in files that may change
pub mod mtls; // services that show each other which they are
pub mod client; // the gRPC client stack: replicas, deadline, trace, identity
pub mod token; // access tokens verified, service tokens made
pub mod postgres; // the pool, migrations, and what database errors mean
pub mod audit; // who did what with whose data
pub mod admission; // who gets in: callers known, methods that name them
pub mod bulkhead; // how many calls are worked on at once
pub mod server; // the gRPC server stack; health, reflection
pub mod admin; // the private port: liveness, readiness, metrics, log level
pub mod redis; // a pool that fails fast
pub mod broker; // RabbitMQ: exchange, queues, dead letters
pub mod outbox; // events leave in the order they were committed, at least once
pub mod inbox; // events arrive at least once and act once
pub mod dead_letters; // events that could not be taken: kept, shown, put into their queue again
pub mod run; // the body of every main
