//! What holds for every request and answer, whatever the path.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Which requests are taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policy {
    /// The server listens on loopback: then only names of loopback are its names, and a page of some other site whose
    /// name was made to resolve to this machine (DNS rebinding) is not served.
    pub(super) loopback: bool,
}

/// Below it stands what a person may do, and nothing else takes a POST.
const ACTS: &str = "/api/v1/alerts/";

/// Nothing but what this server itself serves: no script, no frame, no form, no third party.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

pub(super) async fn guard(State(policy): State<Policy>, request: Request, next: Next) -> Response {
    let is_act = request.method() == Method::POST && request.uri().path().starts_with(ACTS);
    let mut answer = if !is_act && !matches!(*request.method(), Method::GET | Method::HEAD) {
        (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")], "only GET\n").into_response()
    } else if policy.loopback && !names_loopback(request.headers()) {
        (StatusCode::MISDIRECTED_REQUEST, "this server is not known by that name\n").into_response()
    } else if is_act && !policy.loopback {
        (StatusCode::FORBIDDEN, "acts are taken on loopback only\n").into_response()
    } else if is_act && !is_own_page(request.headers()) {
        (StatusCode::FORBIDDEN, "acts are taken from this server's own page only\n").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// Whether a browser sends this for a page of this server, or no browser does: a page of another site says so in
/// `Origin`, and in `Sec-Fetch-Site`.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let own = text(&header::HOST).map(|host| format!("http://{host}"));
    let origin =
        text(&header::ORIGIN).is_none_or(|origin| own.is_some_and(|own| origin.eq_ignore_ascii_case(&own)));
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    origin && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
}

/// Whether `Host` is absent (HTTP/1.0, no browser) or names loopback, with or without a port.
fn names_loopback(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_loopback_are_taken_for_this_server() {
        let taken = |host: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            names_loopback(&headers)
        };
        for good in
            ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:80", "127.8.9.1", "[::1]", "[::1]:8080"]
        {
            assert!(taken(good), "{good}");
        }
        for bad in
            ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80", "10.0.0.1", "", ":80"]
        {
            assert!(!taken(bad), "{bad}");
        }
        assert!(names_loopback(&HeaderMap::new()));
    }

    #[test]
    fn a_page_of_another_site_is_told_by_what_its_browser_says() {
        let own = |fields: &[(&'static str, &'static str)]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1:8080"));
            for (name, value) in fields {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            is_own_page(&headers)
        };
        assert!(own(&[]), "a program says nothing of origins");
        assert!(own(&[("origin", "http://127.0.0.1:8080"), ("sec-fetch-site", "same-origin")]));
        for origin in ["http://evil.example", "null", "http://127.0.0.1:8081", "https://127.0.0.1:8080", ""] {
            assert!(!own(&[("origin", origin)]), "{origin}");
        }
        assert!(!own(&[("sec-fetch-site", "cross-site")]) && !own(&[("sec-fetch-site", "same-site")]));
    }
}
