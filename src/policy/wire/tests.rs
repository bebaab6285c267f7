use super::*;

fn source(origins: OriginsSource, credentials: bool) -> CorsSource {
    CorsSource {
        origins,
        credentials,
    }
}

#[test]
fn both_families_unless_the_policy_says_otherwise() {
    let read = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let families = families(Some(&names)).unwrap();
        (families.x_ratelimit, families.draft)
    };
    assert_eq!(families(None).unwrap(), Families::default());
    assert_eq!(read(&["draft", "x-ratelimit"]), (true, true));
    assert_eq!(read(&["x-ratelimit"]), (true, false));
    assert_eq!(read(&["draft"]), (false, true));
    assert_eq!(read(&[]), (false, false));
}

#[test]
fn the_origins_of_pages_are_taken_as_browsers_write_them() {
    for origin in [
        "https://app.example.com",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://[::1]",
        "https://xn--bcher-kva.example",
        "http://a.example:443",
        "chrome-extension://abcdefghijklmnop",
    ] {
        let listed = vec![origin.to_owned()];
        let read = cors(source(OriginsSource::List(listed.clone()), true)).unwrap();
        assert_eq!(read.origins, Origins::Listed(listed));
    }
    for origin in [
        "",
        "*",
        "null",
        "app.example.com",
        "https://",
        "https://app.example.com/",
        "https://App.example.com",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://app.example.com:",
        "https://app.example.com:0",
        "https://app.example.com:08",
        "https://app.example.com:65536",
        "https://*.example.com",
        "https://user@app.example.com",
        "https://b\u{fc}cher.example",
        "HTTPS://app.example.com",
        "https://a.example https://b.example",
        "://a.example",
    ] {
        let error = cors(source(OriginsSource::List(vec![origin.to_owned()]), false)).unwrap_err();
        assert_eq!(error.path, "cors.origins[0]", "{origin}");
    }
    let any = cors(source(OriginsSource::Word("*".to_owned()), false)).unwrap();
    assert_eq!(any.origins, Origins::Any);
}
