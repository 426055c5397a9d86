//! Parameters where none are known: the operations that the document gives no query refuse every one. The others
//! read theirs with [`crate::query::Query`], which refuses what it does not know.
use crate::pointer::to_member;
use crate::problem::{FieldProblem, Problem};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::Method;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::{OpenApi, RefOr};

/// Method and path of each operation of the API without a query.
#[derive(Clone)]
pub struct Bare(Arc<HashSet<(Method, String)>>);

impl Bare {
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().filter(|(path, _)| path.starts_with("/api/"));
        let bare = paths.flat_map(|(path, item)| {
            let bare = operations(item).filter(|(_, operation)| !has_query(operation));
            bare.map(|(method, _)| (method, path.clone()))
        });
        Self(Arc::new(bare.collect()))
    }

    fn knows(&self, method: &Method, path: &MatchedPath) -> bool {
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.contains(&(method, path.as_str().to_owned()))
    }
}

fn operations(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let operations = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::DELETE, &item.delete),
    ];
    operations.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)))
}

fn has_query(operation: &Operation) -> bool {
    operation.parameters.iter().flatten().any(|parameter| match parameter {
        RefOr::T(parameter) => parameter.parameter_in == ParameterIn::Query,
        RefOr::Ref(_) => false,
    })
}

/// Refuses parameters where none are known.
pub async fn refuse(State(bare): State<Bare>, path: MatchedPath, request: Request, next: Next) -> Response {
    let query = request.uri().query().unwrap_or_default();
    if query.is_empty() || !bare.knows(request.method(), &path) {
        return next.run(request).await;
    }
    let names: BTreeSet<_> = form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
    let unknown = |name| FieldProblem::new(to_member("", name), "unknown", "is not known here");
    Problem::invalid(names.iter().map(|name| unknown(name)).collect()).into_response()
}
