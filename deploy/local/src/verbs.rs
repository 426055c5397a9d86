//! What `cargo dev` can be asked to do, a file per verb; beside them what several verbs need.
pub(crate) mod build;
pub(crate) mod interrupt;
pub(crate) mod openapi;
pub(crate) mod reset;
pub(crate) mod sbom;
pub(crate) mod test;
pub(crate) mod bench;
pub(crate) mod chaos;
pub(crate) mod conform;
pub(crate) mod check;
pub(crate) mod up;
pub(crate) mod alone;
pub(crate) mod backup;
pub(crate) mod restore;
