//! Headers, whatever stands in them.

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use platform::admission::bearer;
use platform::context::{Context, X_CLIENT_ADDRESS, X_REQUEST_ID, inject, is_request_id};
use proptest::prelude::*;
use std::net::IpAddr;

/// A value that can stand in a header; often of what is expected there.
fn any_value(expected: &'static str) -> impl Strategy<Value = HeaderValue> {
    let bytes = prop_oneof![
        expected.prop_map(String::into_bytes),
        "[ -~]{0,70}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..20),
    ];
    bytes.prop_filter_map("no value of a header", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

proptest! {
    #[test]
    fn what_the_hop_before_says_is_told_on_as_it_was_said_or_not_at_all(
        id in any_value("[A-Za-z0-9_.-]{1,66}"),
        address in any_value("[0-9]{1,3}(\\.[0-9]{1,3}){3}|[0-9a-f:]{2,9}"),
    ) {
        let headers = HeaderMap::from_iter([(X_REQUEST_ID, id.clone()), (X_CLIENT_ADDRESS, address.clone())]);
        let heard = Context::from_headers(&headers);
        prop_assert_eq!(heard.request_id.as_deref(), id.to_str().ok().filter(|id| is_request_id(id)));
        prop_assert_eq!(heard.client_address, address.to_str().ok().and_then(|text| text.parse::<IpAddr>().ok()));
        let mut told = HeaderMap::new();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(heard.clone().scope(async { inject(&mut told) }));
        let next = Context::from_headers(&told);
        prop_assert_eq!((next.request_id, next.client_address), (heard.request_id, heard.client_address));
    }

    #[test]
    fn a_token_is_what_stands_behind_bearer(value in any_value("[Bb][Ee][Aa][Rr][Ee][Rr] [!-~]{1,9}"), token in "[!-~]{1,40}") {
        let header = |value| HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let given = header(format!("Bearer {token}").parse().unwrap());
        prop_assert_eq!(bearer(&given), Some(&*token));
        if let Some(token) = bearer(&header(value.clone())) {
            let text = value.to_str().unwrap();
            prop_assert!(text[..7].eq_ignore_ascii_case("bearer ") && text[7..].trim() == token, "{}", text);
        }
    }
}
