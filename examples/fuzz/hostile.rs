//! Hostile requests, drawn from a seed: paths, heads and credentials as attackers write them, and as broken clients do.

use std::fmt::Write as _;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

/// The policy under attack: a rule of each kind.
pub(crate) const POLICY_JSON: &str = r#"{
    "origin": "http://127.0.0.1:8000/base",
    "default": { "limit": "100/minute", "key": "user-or-ip" },
    "ipv6_prefix": 64,
    "jwt": { "algorithm": "HS256", "secret": "JWT_SECRET", "issuer": "https://issuer.example", "role": "realm.roles" },
    "api_keys": {},
    "cors": { "origins": ["https://app.example.com"] },
    "server_timing": true,
    "rules": [
        { "name": "health", "match": ["GET /health", "GET /public/**"], "exempt": true },
        { "name": "login", "match": ["POST /api/v1/login"], "key": "ip", "limit": "5/minute;20/hour", "algorithm": "sliding-log",
          "count": "failures" },
        { "name": "search", "match": ["GET /search/{term}"], "limit": "10/minute", "algorithm": "sliding-window" },
        { "name": "static", "match": ["GET /static/**"], "limit": "unlimited" },
        { "name": "none", "match": ["* /admin/**"], "limit": "0/minute" },
        { "name": "queue", "match": ["GET|PUT|DELETE /api/queues/{vhost}/{name}"], "key": "api-key", "limit": "30/minute",
          "algorithm": "token-bucket", "burst": 5, "cost": 2 },
        { "name": "region", "also": true, "match": ["* /api/**"], "key": "header:x-region", "limit": "1000/minute" },
        { "name": "tenant", "also": true, "match": ["* /**"], "key": "tenant",
          "limit": { "plan": { "pro": "500/minute" }, "default": "100/minute" } }
    ]
}"#;

pub(crate) const SECRET: &str = "an example secret of 32 bytes...";

const METHODS: &[&str] = &[
    "GET", "POST", "HEAD", "OPTIONS", "DELETE", "PUT", "PROPFIND", "get", "",
];

const PATH_PIECES: &[&str] = &[
    "/",
    "//",
    "/.",
    "/..",
    "/./",
    "/../",
    "%2e",
    "%2E%2e",
    "%2F",
    "%5C",
    "\\",
    ";",
    ";x=/",
    "%3B",
    "%00",
    "%01",
    "%0a",
    "%25",
    "%252F",
    "%25252e",
    "%",
    "%z",
    "%c3%a9",
    "%ff",
    "é",
    "api",
    "v1",
    "login",
    "LogIn",
    "search",
    "static",
    "public",
    "health",
    "admin",
    "queues",
    ".json",
    "index.php",
    "*",
    "{id}",
    "?",
    "#",
    "&_method=DELETE",
    "?_method=POST",
    "@",
    ":",
    "a",
];

const VALUE_PIECES: &[&str] = &[
    ",",
    ", ",
    ";",
    "=",
    "\"",
    "\\",
    "\\\"",
    " ",
    "\t",
    "q=0.5",
    "q=",
    "*/*",
    "application/json",
    "application/problem+json",
    "a",
    "0",
    "-1",
    "9007199254740993",
    "1e309",
    "99999999999999999999",
    "\"login-1m\";r=5;t=3",
    "r=",
    ";t=",
    ":YQ==:",
    "?1",
    "@1",
    "%\"%c3%a9\"",
    "é",
    "\0",
    "https://app.example.com",
    "null",
    "Bearer",
    "bearer ",
    "Basic ",
    "http://127.0.0.1:8000/base",
    "//127.0.0.1:8000",
    "/x",
    "0; url=",
    "eyJhbGciOiJIUzI1NiJ9",
    ".",
    "..",
    "_",
    "-",
    "+",
    "/",
    "~",
];

const NAMES: &[&str] = &[
    "accept",
    "origin",
    "access-control-request-method",
    "x-api-key",
    "x-region",
    "x-http-method-override",
    "x-method-override",
    "cf-worker",
    "RateLimit",
    "RateLimit-Policy",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "RateLimit-Remaining",
    "Access-Control-Expose-Headers",
    "Server-Timing",
    "Location",
    "Content-Location",
    "Refresh",
    "",
];

const ADDRESSES: &[&str] = &[
    "203.0.113.7",
    "198.51.100.1",
    "2001:db8::1",
    "::ffff:203.0.113.7",
    "2a06:98c0:3600::103",
    "",
    "unknown",
    "203.0.113.7, 198.51.100.1",
    "\0",
    "1.2.3.4:80",
    "[::1]",
];

const CLAIMS: &[&str] = &[
    r#""sub":"ada""#,
    r#""sub":7"#,
    r#""sub":"""#,
    r#""sub":null"#,
    r#""sub":["ada"]"#,
    r#""org":"acme""#,
    r#""plan":"pro""#,
    r#""exp":2000000000"#,
    r#""exp":1e26"#,
    r#""exp":"soon""#,
    r#""exp":-1"#,
    r#""exp":1.5"#,
    r#""nbf":null"#,
    r#""nbf":9e99"#,
    r#""iat":"yesterday""#,
    r#""iss":"https://issuer.example""#,
    r#""iss":7"#,
    r#""aud":[[[[]]]]"#,
    r#""realm":{"roles":["admin"]}"#,
    r#""realm.roles":"root""#,
    r#""sub":"eve""#,
    r#""\u0073ub":"eve""#,
    r#""x":"\ud800""#,
    r#""deep":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["#,
];

const HEADERS: &[&str] = &[
    r#""alg":"HS256""#,
    r#""alg":"none""#,
    r#""alg":"RS256""#,
    r#""typ":7"#,
    r#""kid":"a""#,
    r#""crit":["exp"]"#,
    r#""x5t":"::""#,
    r#""jku":[1]"#,
    r#""jwk":{"kty":"oct"}"#,
    r#""b64":false"#,
    r#""zip":"DEF""#,
];

/// One hostile request.
pub(crate) struct Hostile(u64);

// === impl Hostile ===

impl Hostile {
    pub(crate) fn new(seed: u64, index: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ index.wrapping_mul(0xD1B5_4A32_D192_ED03))
    }

    /// The lines from which the facts of a request are read.
    pub(crate) fn lines(&mut self) -> String {
        let now_ms = 1_795_500_000_000 + self.below(3_600_000);
        let now_ms = if self.below(50) == 0 {
            self.next()
        } else {
            now_ms
        };
        let method = self.one(METHODS);
        let host = self.one(&[
            "api.example.com",
            "api.example.com:8443",
            "[::1]",
            "",
            "a@b",
            "*",
        ]);
        let path = self.text(PATH_PIECES);
        let address = self.one(ADDRESSES);
        let authorization = self.authorization();
        let flaw = self.one(&["", "", "", "", "", "", "", "", "target", "length"]);
        let marks = self.one(&["", "", "", "", "", "", "", "b", "z", "bz", "l"]);
        let headers = self.header_lines();
        format!(
            "{now_ms}\n{method}\nhttps://{host}/{path}\n{address}\n{authorization}\n{flaw}\n{marks}\n{headers}"
        )
    }

    /// Lines of headers, of a request or of a response.
    pub(crate) fn header_lines(&mut self) -> String {
        let mut lines = String::new();
        for _ in 0..self.below(8) {
            let (name, value) = (self.one(NAMES), self.value());
            let _ = writeln!(lines, "{name}: {value}");
        }
        lines
    }

    fn authorization(&mut self) -> String {
        match self.below(4) {
            0 => String::new(),
            1 => self.value(),
            _ => {
                let scheme = self.one(&["Bearer ", "bearer\t", "BEARER  ", "Bearer", ""]);
                let (header, claims) = (self.object(HEADERS), self.object(CLAIMS));
                let signed = format!("{}.{}", base64url(&header), base64url(&claims));
                // Signed as it should be, or by nobody.
                let signature = match self.below(2) {
                    0 => signature(&signed),
                    _ => self.text(&["AAAA", "_", "-", "a", "=", "MEUCIQ", "."]),
                };
                let token = format!("{signed}.{signature}");
                let mut value = format!("{scheme}{token}");
                if self.below(4) == 0 {
                    value += self.one(&["=", ",", " x", ", Bearer a.b.c", ", Basic eA=="]);
                }
                value
            }
        }
    }

    fn object(&mut self, members: &[&str]) -> String {
        let count = self.below(6);
        let members: Vec<_> = (0..count).map(|_| self.one(members)).collect();
        let close = self.one(&["}", "}", "}", "}", "", "}}", "]"]);
        format!("{{{}{close}", members.join(","))
    }

    fn value(&mut self) -> String {
        self.text(VALUE_PIECES).replace('\n', " ")
    }

    /// A few pieces, or the same one very often.
    fn text(&mut self, pieces: &[&str]) -> String {
        if self.below(400) == 0 {
            let times = self.below(4_000);
            return self
                .one(pieces)
                .repeat(usize::try_from(times).unwrap_or_default());
        }
        let count = self.below(12);
        (0..count).map(|_| self.one(pieces)).collect()
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let index = self.below(of.len() as u64);
        usize::try_from(index)
            .ok()
            .and_then(|index| of.get(index))
            .copied()
            .unwrap_or_default()
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }

    /// The generator `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn base64url(text: &str) -> String {
    Base64UrlUnpadded::encode_string(text.as_bytes())
}

/// An HS256 signature by [`SECRET`].
fn signature(signed: &str) -> String {
    let Ok(mut mac) = <Hmac<Sha256>>::new_from_slice(SECRET.as_bytes()) else {
        return String::new();
    };
    mac.update(signed.as_bytes());
    Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes())
}
