//! Where may be posted to.
use super::is_public;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use url::Url;

/// Longest URL, in bytes.
const MAX_LENGTH: usize = 2000;

/// How far posting may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// By `https` to public addresses only.
    Public,
    /// Also to addresses of ours, and by `http`: for tries on one machine.
    Anywhere,
}

/// A URL that may be posted to, as far as can be seen without asking for the addresses of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    url: Url,
    host: Host,
}

/// Whom a URL names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTarget {
    #[error("is required")]
    Missing,
    #[error("must be an absolute URL of at most {MAX_LENGTH} characters")]
    Malformed,
    #[error("must begin with https://")]
    Scheme,
    #[error("must not have a name or password in it")]
    Credentials,
    #[error("must not have a fragment")]
    Fragment,
    #[error("must lead to a public address")]
    Private,
}

impl Reach {
    /// Whether `address` may be connected to.
    pub fn covers(self, address: SocketAddr) -> bool {
        self == Self::Anywhere || is_public(address.ip())
    }
}

impl Target {
    pub fn parse(text: &str, reach: Reach) -> Result<Self, BadTarget> {
        if text.is_empty() {
            return Err(BadTarget::Missing);
        }
        let url = Url::parse(text).map_err(|_| BadTarget::Malformed)?;
        let host = match url.host() {
            Some(url::Host::Domain(name)) => Host::Name(name.to_owned()),
            Some(url::Host::Ipv4(address)) => Host::Address(address.into()),
            Some(url::Host::Ipv6(address)) => Host::Address(address.into()),
            None => {
                return Err(if url.scheme() == "https" { BadTarget::Malformed } else { BadTarget::Scheme });
            }
        };
        if !(url.scheme() == "https" || url.scheme() == "http" && reach == Reach::Anywhere) {
            return Err(BadTarget::Scheme);
        }
        if url.as_str().len() > MAX_LENGTH || url.port() == Some(0) {
            return Err(BadTarget::Malformed);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadTarget::Credentials);
        }
        if url.fragment().is_some() {
            return Err(BadTarget::Fragment);
        }
        let target = Self { url, host };
        match target.host {
            Host::Address(address) if !reach.covers((address, target.port()).into()) => {
                Err(BadTarget::Private)
            }
            _ => Ok(target),
        }
    }

    pub fn host(&self) -> &Host {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// As the `Host` header has it.
    pub fn authority(&self) -> &str {
        self.url.authority()
    }

    /// What the first line of a request asks for.
    pub fn path_and_query(&self) -> &str {
        &self.url[url::Position::BeforePath..url::Position::AfterQuery]
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.url.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> BadTarget {
        Target::parse(text, Reach::Public).err().unwrap_or_else(|| panic!("{text} is taken"))
    }

    #[test]
    fn a_url_says_whom_to_ask_for_what() {
        let target = Target::parse("https://Hooks.Example:8443/in?from=clinic", Reach::Public).unwrap();
        assert_eq!(target.host(), &Host::Name("hooks.example".to_owned()));
        assert_eq!((target.authority(), target.port()), ("hooks.example:8443", 8443));
        assert_eq!(target.path_and_query(), "/in?from=clinic");
        let plain = Target::parse("https://hooks.example", Reach::Public).unwrap();
        assert_eq!((plain.authority(), plain.port(), plain.path_and_query()), ("hooks.example", 443, "/"));
        let address = Target::parse("https://[2606:4700::1111]/", Reach::Public).unwrap();
        assert_eq!((address.authority(), address.port()), ("[2606:4700::1111]", 443));
    }

    #[test]
    fn only_https_without_credentials_to_what_is_public_is_taken() {
        use BadTarget::{Credentials, Fragment, Malformed, Missing, Private, Scheme};
        let table = [
            ("", Missing),
            ("hooks.example", Malformed),
            ("https://", Malformed),
            ("https://hooks.example:99999/", Malformed),
            ("https://hooks.example:0/", Malformed),
            ("http://hooks.example/", Scheme),
            ("ftp://hooks.example/", Scheme),
            ("file:///etc/passwd", Scheme),
            ("unix:/run/it.sock", Scheme),
            ("https://me@hooks.example/", Credentials),
            ("https://:secret@hooks.example/", Credentials),
            ("https://hooks.example/#top", Fragment),
            ("https://127.0.0.1/", Private),
            // The same in other words.
            ("https://127.1/", Private),
            ("https://2130706433/", Private),
            ("https://0x7f000001/", Private),
            ("https://0177.0.0.1/", Private),
            ("https://%31%32%37.0.0.1/", Private),
            ("https://１２７.0.0.1/", Private),
            ("https://[::1]/", Private),
            ("https://[::ffff:10.0.0.1]/", Private),
            ("https://169.254.169.254/latest/meta-data", Private),
        ];
        for (text, why) in table {
            assert_eq!(refused(text), why, "{text}");
        }
        let long = format!("https://hooks.example/{}", "a".repeat(MAX_LENGTH));
        assert_eq!(refused(&long), Malformed);
        for here in ["http://127.0.0.1:8080/", "http://localhost:1/x", "https://[::1]/"] {
            assert!(Target::parse(here, Reach::Anywhere).is_ok(), "{here}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_taken_as_it_is_written_down(text in r"https://[a-z0-9.\[\]:@%-]{1,24}(/[ -~]{0,12})?") {
            if let Ok(target) = Target::parse(&text, Reach::Public) {
                let again = Target::parse(&target.to_string(), Reach::Public);
                prop_assert_eq!(again, Ok(target.clone()));
                if let Host::Address(address) = target.host() {
                    prop_assert!(is_public(*address));
                }
            }
        }
    }
}
