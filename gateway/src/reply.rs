//! Answers that know their status, their headers, and their entry in the document.
use crate::times::Garbled;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, Uri, header};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::openapi::{self, ContentBuilder, HeaderBuilder, Ref, RefOr, ResponseBuilder, Type};
use utoipa::openapi::{Array, ObjectBuilder};
use utoipa::{IntoResponses, ToSchema};

/// Something that is read under an address of its own.
pub trait Resource: Serialize + ToSchema {
    /// The path it is read at.
    fn location(&self) -> String;

    /// The number of its state, where changes are guarded by one.
    const VERSION: Option<fn(&Self) -> i64> = None;
}

/// 200 and the resource as it now is, with its version as the ETag.
pub struct Found<T>(pub T);

/// 201, where the new resource is, and the resource.
pub struct Created<T>(pub T);

/// 201 and something that is shown once and has no address of its own.
pub struct Issued<T>(pub T);

/// 202 and a word about what will be done.
pub struct Accepted<T>(pub T);

/// 200 and something without an address of its own.
pub struct Plain<T>(pub T);

/// 200 and the whole of a list.
pub struct Listed<T>(pub Vec<T>);

/// 200, one page of a list, and a link to the next.
pub struct Page<T> {
    items: Vec<T>,
    next: Option<String>,
}

/// An answer that may be kept for five minutes by whoever gets it.
pub struct Kept<R>(pub R);

/// 204.
pub struct Done;

impl<T> Listed<T> {
    pub fn of<P>(items: Vec<P>) -> Result<Self, Garbled>
    where
        T: TryFrom<P, Error = Garbled>,
    {
        Ok(Self(items.into_iter().map(T::try_from).collect::<Result<_, _>>()?))
    }
}

impl<T> Page<T> {
    /// The page that `asked` asked for; `token` is that of the next page, empty on the last.
    pub fn of<P>(items: Vec<P>, asked: &Uri, token: &str) -> Result<Self, Garbled>
    where
        T: TryFrom<P, Error = Garbled>,
    {
        let items = items.into_iter().map(T::try_from).collect::<Result<_, _>>()?;
        let next = (!token.is_empty()).then(|| next_page(asked, token));
        Ok(Self { items, next })
    }
}

/// `asked` with another cursor; the other parameters, also `limit`, stay.
fn next_page(asked: &Uri, token: &str) -> String {
    let parameters = asked.query().unwrap_or_default().split('&');
    let others = parameters.filter(|parameter| !parameter.is_empty() && !parameter.starts_with("cursor="));
    let cursor = format!("cursor={token}");
    let query: Vec<&str> = others.chain([cursor.as_str()]).collect();
    format!("{}?{}", asked.path(), query.join("&"))
}

fn etag(version: i64) -> HeaderValue {
    HeaderValue::try_from(format!("\"v{version}\"")).expect("digits are ASCII")
}

impl<T: Resource> IntoResponse for Found<T> {
    fn into_response(self) -> Response {
        let tag = T::VERSION.map(|version| etag(version(&self.0)));
        let mut response = Json(self.0).into_response();
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

impl<T: Resource> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        let location = self.0.location();
        (StatusCode::CREATED, [(header::LOCATION, location)], Found(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Issued<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self.0)).into_response()
    }
}

impl<T: Serialize> IntoResponse for Plain<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Listed<T> {
    fn into_response(self) -> Response {
        Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Page<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.items).into_response();
        if let Some(next) = self.next
            && let Ok(link) = HeaderValue::try_from(format!("<{next}>; rel=\"next\""))
        {
            response.headers_mut().insert(header::LINK, link);
        }
        response
    }
}

impl<R: IntoResponse> IntoResponse for Kept<R> {
    fn into_response(self) -> Response {
        ([(header::CACHE_CONTROL, "public, max-age=300")], self.0).into_response()
    }
}

impl IntoResponse for Done {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

// The same answers in the document.

type Documented = BTreeMap<String, RefOr<openapi::Response>>;

fn documented(status: StatusCode, response: ResponseBuilder) -> Documented {
    BTreeMap::from([(status.as_str().to_owned(), response.build().into())])
}

fn json<T: ToSchema>(description: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(T::name()))).build();
    ResponseBuilder::new().description(description).content("application/json", content)
}

fn json_list<T: ToSchema>(description: &str) -> ResponseBuilder {
    let list = Array::new(Ref::from_schema_name(T::name()));
    let content = ContentBuilder::new().schema(Some(list)).build();
    ResponseBuilder::new().description(description).content("application/json", content)
}

/// A header of a documented answer.
pub fn text_header(description: &str, example: &str) -> openapi::Header {
    let text = ObjectBuilder::new().schema_type(Type::String).examples([example]).build();
    HeaderBuilder::new().schema(Some(text)).description(Some(description)).build()
}

/// A resource, with its ETag where it has one.
fn resource<T: Resource>(description: &str) -> ResponseBuilder {
    let response = json::<T>(description);
    match T::VERSION {
        Some(_) => {
            response.header("ETag", text_header("The version of the resource, for `If-Match`.", "\"v3\""))
        }
        None => response,
    }
}

impl<T: Resource> IntoResponses for Found<T> {
    fn responses() -> Documented {
        documented(StatusCode::OK, resource::<T>("The resource as it now is"))
    }
}

impl<T: Resource> IntoResponses for Created<T> {
    fn responses() -> Documented {
        let location =
            text_header("Where the new resource is.", "/api/…/0198c5a4-7c1e-7d3a-9d8e-2f1b6a5c4d3e");
        let response = resource::<T>("Created").header("Location", location);
        documented(StatusCode::CREATED, response)
    }
}

impl<T: ToSchema> IntoResponses for Issued<T> {
    fn responses() -> Documented {
        documented(StatusCode::CREATED, json::<T>("Created, and shown only now"))
    }
}

impl<T: ToSchema> IntoResponses for Accepted<T> {
    fn responses() -> Documented {
        documented(StatusCode::ACCEPTED, json::<T>("Accepted, and will be done"))
    }
}

impl<T: ToSchema> IntoResponses for Plain<T> {
    fn responses() -> Documented {
        documented(StatusCode::OK, json::<T>("OK"))
    }
}

impl<T: ToSchema> IntoResponses for Listed<T> {
    fn responses() -> Documented {
        documented(StatusCode::OK, json_list::<T>("The whole list"))
    }
}

impl<T: ToSchema> IntoResponses for Page<T> {
    fn responses() -> Documented {
        let link = text_header(
            "The next page, as `rel=\"next\"` (RFC 8288); absent on the last.",
            "</api/…?limit=50&cursor=…>; rel=\"next\"",
        );
        documented(StatusCode::OK, json_list::<T>("One page of the list").header("Link", link))
    }
}

impl<R: IntoResponses> IntoResponses for Kept<R> {
    fn responses() -> Documented {
        R::responses()
    }
}

impl IntoResponses for Done {
    fn responses() -> Documented {
        documented(StatusCode::NO_CONTENT, ResponseBuilder::new().description("Done"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_keeps_the_other_parameters() {
        let asked: Uri = "/api/appointments?limit=2&cursor=old&status=scheduled".parse().unwrap();
        assert_eq!(next_page(&asked, "new"), "/api/appointments?limit=2&status=scheduled&cursor=new");
        assert_eq!(next_page(&"/api/patients".parse().unwrap(), "new"), "/api/patients?cursor=new");
    }

    #[test]
    fn only_a_page_with_a_successor_links_to_it() {
        let page =
            |next: Option<&str>| Page { items: vec![1], next: next.map(str::to_owned) }.into_response();
        assert_eq!(page(Some("/x?cursor=y")).headers()["link"], "</x?cursor=y>; rel=\"next\"");
        assert!(page(None).headers().get("link").is_none());
    }
}
