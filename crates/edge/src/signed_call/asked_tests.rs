use super::*;
use crate::base64url::encode_classic;
use alloc::vec;

const KEY: &str = "k3y/of+the=charting-service-32ch";
/// 2026-01-02T03:04:05Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_string())
}

fn asked<'a>(key: &'a Secret<String>, method: Method, path: &'a str) -> Asked<'a> {
    Asked { method, path, query: None, headers: Vec::new(), body: None, key: Some(key) }
}

fn sent(scheme: Scheme, asked: Asked<'_>) -> Result<Outgoing, Refused> {
    let (client_secret, token) = (secret("s3cr3t"), secret("QUIxMjM0NTY6OTg3NjU0MzI="));
    let signer = Signer { client_id: "app+key=1!", secret: &client_secret };
    asked.check(scheme, None).map(|checked| checked.outgoing(signer, &token, NOW))
}

fn headers(call: &Outgoing) -> Vec<(&str, &str)> {
    call.headers.iter().map(|(name, value)| (name.as_str(), value.expose().as_str())).collect()
}

/// What a caller sends besides what it is to send.
fn noise() -> Vec<(String, Secret<String>)> {
    [
        ("host", "app.example"),
        ("cookie", "__Host-Http-everlit=a.b"),
        ("authorization", "Bearer k3y/of+the=charting-service-32ch"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
        ("x-forwarded-for", "192.0.2.1"),
        ("x-http-method-override", "GET"),
        ("everlit-epoch", "1"),
        ("user-agent", "python-requests/2"),
        ("accept", "application/json"),
    ]
    .map(|(name, value)| (name.to_string(), secret(value)))
    .to_vec()
}

#[test]
fn upstox_gets_its_token() {
    let key = secret(KEY);
    let asked =
        Asked { query: Some("a=b"), headers: noise(), ..asked(&key, Method::Get, "/v2/user/profile") };
    let call = sent(Scheme::Upstox, asked).unwrap();
    assert_eq!(call.url().expose(), "https://api.upstox.com/v2/user/profile?a=b");
    assert_eq!(
        headers(&call),
        [
            ("user-agent", "python-requests/2"),
            ("accept", "application/json"),
            ("authorization", "Bearer QUIxMjM0NTY6OTg3NjU0MzI=")
        ]
    );
    assert_eq!(call.body, None);
}

#[test]
fn kite_gets_key_and_token_and_its_version() {
    let key = secret(KEY);
    let mut sent_headers = noise();
    sent_headers.push(("x-kite-version".to_string(), secret("2")));
    sent_headers.push(("content-type".to_string(), secret("application/x-www-form-urlencoded")));
    let body = Some(Secret::new(b"tradingsymbol=INFY".to_vec()));
    let asked =
        Asked { headers: sent_headers, body: body.clone(), ..asked(&key, Method::Post, "/orders/regular") };
    let call = sent(Scheme::Kite, asked).unwrap();
    assert_eq!(call.url().expose(), "https://api.kite.trade/orders/regular");
    assert_eq!(
        headers(&call)[2..],
        [
            ("content-type", "application/x-www-form-urlencoded"),
            ("X-Kite-Version", "3"),
            ("authorization", "token app+key=1!:QUIxMjM0NTY6OTg3NjU0MzI=")
        ]
    );
    assert_eq!((call.body.clone(), call.needs_socket()), (body, false));
}

#[test]
fn breeze_is_signed_over_the_very_bytes_that_go_out() {
    let key = secret(KEY);
    let of_sdk = [
        ("x-checksum", "token 00"),
        ("x-timestamp", "2020-01-01T00:00:00.000Z"),
        ("x-appkey", "anything"),
        ("x-sessiontoken", KEY),
        ("apikey", "anything"),
        ("content-type", "text/plain"),
    ];
    for (method, body, checksum) in [
        (Method::Get, None, "a107d11fb8f3dc6859f4939b7022a1cac2451972ee7d4cb736f08ac8336562c2"),
        (Method::Get, Some("{}"), "a107d11fb8f3dc6859f4939b7022a1cac2451972ee7d4cb736f08ac8336562c2"),
        (
            Method::Post,
            Some("{\"stock_code\":\"ITC\",\"n\":\"1\"}"),
            "d51c0cc67bfc2b34650f3ca447cfdc2557205e7d0d47c444d718621500e565e9",
        ),
    ] {
        let mut sent_headers = noise();
        sent_headers.extend(of_sdk.map(|(name, value)| (name.to_string(), secret(value))));
        let body = body.map(|body| Secret::new(body.as_bytes().to_vec()));
        let asked = Asked {
            headers: sent_headers,
            body: body.clone(),
            ..asked(&key, method, "/breezeapi/api/v1/funds")
        };
        let call = sent(Scheme::Breeze, asked).unwrap();
        assert_eq!(call.url().expose(), "https://api.icicidirect.com/breezeapi/api/v1/funds");
        assert_eq!(
            headers(&call)[2..],
            [
                ("X-Checksum", ["token ", checksum].concat().as_str()),
                ("X-Timestamp", "2026-01-02T03:04:05.000Z"),
                ("X-AppKey", "app+key=1!"),
                ("X-SessionToken", "QUIxMjM0NTY6OTg3NjU0MzI="),
                ("content-type", "application/json"),
            ]
        );
        assert_eq!(call.body, body.or_else(|| Some(Secret::new(b"{}".to_vec()))));
        assert_eq!(call.needs_socket(), method == Method::Get);
    }
}

#[test]
fn breezes_charts_have_two_headers_a_host_of_their_own_and_no_body() {
    let key = secret(KEY);
    let ask = || Asked {
        query: Some("interval=1day"),
        body: Some(Secret::new(b"{}".to_vec())),
        ..asked(&key, Method::Get, "/api/v2/historicalcharts")
    };
    let call = sent(Scheme::Breeze, ask()).unwrap();
    assert_eq!(
        call.url().expose(),
        "https://breezeapi.icicidirect.com/api/v2/historicalcharts?interval=1day"
    );
    assert_eq!(headers(&call), [("apikey", "app+key=1!"), ("X-SessionToken", "QUIxMjM0NTY6OTg3NjU0MzI=")]);
    assert_eq!((call.body.as_ref(), call.needs_socket()), (None, false));
    let sandbox = Origin::parse("http://127.0.0.1:8080");
    let checked = ask().check(Scheme::Breeze, sandbox.as_ref()).unwrap();
    assert_eq!(Some(checked.origin), sandbox);
}

#[test]
fn the_key_goes_nowhere() {
    let key = secret(KEY);
    let pair = encode_classic([b"AB123456:", KEY.as_bytes()].concat().as_slice());
    let header = |name: &str, value: &str| vec![(name.to_string(), secret(value))];
    let ask = || asked(&key, Method::Post, "/v2/order/place");
    let body = |text: &str| Some(Secret::new(text.as_bytes().to_vec()));
    for (scheme, asked, expected) in [
        (
            Scheme::Upstox,
            Asked { query: Some("token=k3y/of+the=charting-service-32ch"), ..ask() },
            Refused::KeyInQuery,
        ),
        (
            Scheme::Upstox,
            Asked { query: Some("token=k3y%2Fof%2Bthe%3Dcharting-service-32ch"), ..ask() },
            Refused::KeyInQuery,
        ),
        (
            Scheme::Upstox,
            Asked { path: "/v2/k3y/of+the=charting-service-32ch", ..ask() },
            Refused::KeyInHeader,
        ),
        (Scheme::Upstox, Asked { headers: header("x-request-id", KEY), ..ask() }, Refused::KeyInHeader),
        (Scheme::Upstox, Asked { headers: header("x-sessiontoken", KEY), ..ask() }, Refused::KeyInHeader),
        (
            Scheme::Kite,
            Asked { headers: header("x-api-key", &["a", KEY].concat()), ..ask() },
            Refused::KeyInHeader,
        ),
        (
            Scheme::Kite,
            Asked { body: body("access_token=k3y%2Fof%2Bthe%3Dcharting-service-32ch"), ..ask() },
            Refused::KeyInBody,
        ),
        (
            Scheme::Upstox,
            Asked { body: body("{\"a\":\"k3y\\/of+the=charting-service-32ch\"}"), ..ask() },
            Refused::KeyInBody,
        ),
        (
            Scheme::Breeze,
            Asked {
                headers: header("x-sessiontoken", &pair),
                body: body(&["{\"SessionToken\":\"", &pair, "\"}"].concat()),
                ..ask()
            },
            Refused::KeyInBody,
        ),
    ] {
        assert_eq!(sent(scheme, asked), Err(expected));
    }
    // Where it is read, it is taken out.
    let asked = Asked {
        headers: header("x-sessiontoken", &pair),
        ..asked(&key, Method::Get, "/breezeapi/api/v1/funds")
    };
    let call = sent(Scheme::Breeze, asked).unwrap();
    let bytes = String::from_utf8(call.bytes().unwrap().expose().clone()).unwrap();
    assert!(!bytes.contains(KEY) && !bytes.contains(&pair), "{bytes}");
}

#[test]
fn what_does_not_go_out_says_why() {
    let key = secret(KEY);
    let large = Some(Secret::new(vec![b'a'; MAX_CALL_BODY + 1]));
    let details = "/breezeapi/api/v1/customerdetails";
    let refusals = [
        (Scheme::Upstox, asked(&key, Method::Delete, "/v2/logout"), Refused::OfSession),
        (Scheme::Kite, asked(&key, Method::Post, "/session/token"), Refused::OfSession),
        (Scheme::Breeze, asked(&key, Method::Get, "/apiuser/login"), Refused::OfSession),
        (Scheme::Breeze, asked(&key, Method::Delete, details), Refused::Ours),
        (Scheme::Upstox, asked(&key, Method::Get, "/a/../v2/logout"), Refused::Path("a dot segment")),
        (
            Scheme::Upstox,
            Asked { body: large, ..asked(&key, Method::Post, "/v2/order/place") },
            Refused::TooLarge,
        ),
    ];
    for (scheme, asked, expected) in refusals {
        assert_eq!(sent(scheme, asked), Err(expected));
        assert!(expected.says().ends_with('.'));
    }
}

#[test]
fn the_same_call_can_be_made_with_another_token() {
    let key = secret(KEY);
    let checked = asked(&key, Method::Get, "/v2/user/profile").check(Scheme::Upstox, None).unwrap();
    let client_secret = secret("");
    let signer = Signer { client_id: "a", secret: &client_secret };
    let of = |token: &str| checked.outgoing(signer, &secret(token), NOW).headers;
    assert_ne!(of("one"), of("two"));
    assert!(!alloc::format!("{checked:?}").contains("profile"), "nothing of a call in a log");
}
