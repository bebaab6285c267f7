//! The names on the wire: of the headers that Bouncer sets, and of the parameters in them. Each is written here only.

/// The quota of the limit that binds.
pub const X_LIMIT: &str = "X-RateLimit-Limit";
/// The whole permits left under it.
pub const X_REMAINING: &str = "X-RateLimit-Remaining";
/// When it is fully restored, in seconds since the Unix epoch.
pub const X_RESET: &str = "X-RateLimit-Reset";
/// Every limit (draft-ietf-httpapi-ratelimit-headers-10, section 3).
pub const POLICY: &str = "RateLimit-Policy";
/// Where the client stands under every limit (the same, section 4).
pub const STANDING: &str = "RateLimit";
/// The families of three in which origins say what [`X_LIMIT`], [`X_REMAINING`] and [`X_RESET`] say: ours, the older drafts'
/// (draft-ietf-httpapi-ratelimit-headers-06, section 5; their reset is a number of seconds from now), and further spellings.
pub const TRIOS: [[&str; 3]; 4] = [
    [X_LIMIT, X_REMAINING, X_RESET],
    ["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"],
    [
        "X-Rate-Limit-Limit",
        "X-Rate-Limit-Remaining",
        "X-Rate-Limit-Reset",
    ],
    [
        "Rate-Limit-Limit",
        "Rate-Limit-Remaining",
        "Rate-Limit-Reset",
    ],
];
/// How long to wait, in seconds (RFC 9110, section 10.2.3).
pub const RETRY_AFTER: &str = "Retry-After";

/// How long the response took (W3C Server Timing, section 3).
pub const SERVER_TIMING: &str = "Server-Timing";

/// In [`POLICY`]: how much is allowed.
pub const QUOTA: &str = "q";
/// In [`POLICY`]: in how many seconds.
pub const WINDOW: &str = "w";
/// In [`STANDING`]: how much is left.
pub const REMAINING: &str = "r";
/// In [`STANDING`]: in how many seconds there is more.
pub const MORE_IN: &str = "t";

/// The headers that a page's script may read (Fetch, section 3.3.3).
pub const EXPOSED: &str = "Access-Control-Expose-Headers";
/// Whose pages' scripts may read the response.
pub const ALLOWED_ORIGIN: &str = "Access-Control-Allow-Origin";
/// Whether they may when the request came with credentials.
pub const ALLOWED_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
