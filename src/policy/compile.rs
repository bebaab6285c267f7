//! From what was written to what is meant; every error names the field.

use std::num::NonZeroU32;

use super::origin::Forwarding;
use super::source::{DefaultSource, FirstSource, KeySource, RuleSource, Source};
use super::{
    Action, Allowance, Allowances, Counting, DEFAULT, Mode, OnError, Policy, PolicyError, Result,
    Rule, Store, agreement, api_keys, conduct, jwt, limits, origin, paths, wire,
};
use crate::identity::{KeyKind, Networks, is_name};
use crate::route::{Pattern, Reader};
use crate::wire::Wire;

pub(super) fn policy(source: Source) -> Result<Policy> {
    let jwt = source.jwt.map(jwt::compile).transpose()?;
    let api_keys = source.api_keys.map(api_keys::api_keys).transpose()?;
    let origin_timeout_ms = ORIGIN_TIMEOUT.ms(source.origin_timeout_ms)?;
    let upload_timeout_ms = UPLOAD_TIMEOUT.ms(source.upload_timeout_ms)?;
    let mut context = Context {
        has_tokens: jwt.is_some(),
        has_api_keys: api_keys.is_some(),
        key: KeyKind::default(),
        on_error: source.on_error,
        mode: source.mode,
        settled_within_ms: origin_timeout_ms
            .saturating_add(upload_timeout_ms)
            .saturating_add(LONGEST_UPLOAD_MS),
    };
    if let Some(words) = &source.default.key {
        context.key = key(words, &context, "default.key")?;
    }
    let mut rules = Vec::new();
    for (index, source) in source.rules.into_iter().enumerate() {
        let path = format!("rules[{index}]");
        let rule = rule(source, &path, &context)?;
        if rule.patterns.is_empty() {
            let problem =
                "found no patterns; write the requests the rule is about, as in [\"GET /api/**\"]";
            return Err(PolicyError::new(path + ".match", problem));
        }
        agreement::with_those_before(&rules, &rule, &path)?;
        rules.push(rule);
    }
    let default = rule(source.default.into(), DEFAULT, &context)?;
    if source.store == Store::Global {
        agreement::within_the_most_ledgers(&rules, &default)?;
    }
    for (index, rule) in rules.iter().enumerate() {
        agreement::on_a_bucket(rule, &default, &format!("rules[{index}].bucket"))?;
    }
    let origin = origin::origin(source.origin.as_deref())?;
    Ok(Policy {
        forwarding: Forwarding {
            origin_timeout_ms,
            upload_timeout_ms,
            host: origin::host(source.origin_host, &origin)?,
            rewrites_locations: source.rewrite_locations,
            zone_cache: source.zone_cache,
            empty_bodies: source.empty_bodies,
        },
        origin,
        ipv6_prefix: ipv6_prefix(source.ipv6_prefix)?,
        allow: networks(&source.allow, "allow")?,
        deny: networks(&source.deny, "deny")?,
        jwt,
        api_keys,
        refund_unreachable: conduct::refund_unreachable(source.refund_unreachable)?,
        unverified: source.unverified,
        timeout_ms: COUNTER_TIMEOUT.ms(source.timeout_ms)?,
        store: source.store,
        wire: Wire {
            families: wire::families(source.headers.as_deref())?,
            cors: source.cors.map(wire::cors).transpose()?,
            server_timing: source.server_timing,
        },
        reader: paths::reader(Reader {
            encoded_slashes: source.encoded_slashes,
            suffixes: source.path_suffixes,
            front_controllers: source.front_controllers,
            is_strict: source.strict_paths,
        })?,
        keeps_rewrite_headers: source.keep_rewrite_headers,
        rules,
        default,
    })
}

/// What the rest of the policy means for a rule.
struct Context {
    has_tokens: bool,
    has_api_keys: bool,
    // Of a rule that says nothing of these.
    key: KeyKind,
    on_error: OnError,
    mode: Mode,
    settled_within_ms: u32,
}

/// The longest upload, in milliseconds: 500 MB, the most that Cloudflare passes on without a special agreement, at the least
/// speed that is waited for, 500 bytes a second.
const LONGEST_UPLOAD_MS: u32 = 1_000_000_000;

/// How long something may take, in milliseconds.
struct Timeout {
    field: &'static str,
    /// Of a policy that says nothing of it.
    default_ms: u32,
    max_ms: u32,
}

/// Long enough for what an API does while a client waits.
const ORIGIN_TIMEOUT: Timeout = Timeout {
    field: "origin_timeout_ms",
    default_ms: 30_000,
    max_ms: 600_000,
};

/// As long as an origin has.
const UPLOAD_TIMEOUT: Timeout = Timeout {
    field: "upload_timeout_ms",
    default_ms: 30_000,
    max_ms: 600_000,
};

const COUNTER_TIMEOUT: Timeout = Timeout {
    field: "timeout_ms",
    default_ms: 1_000,
    max_ms: 10_000,
};

// === impl Timeout ===

impl Timeout {
    fn ms(&self, written: Option<u32>) -> Result<u32> {
        let ms = written.unwrap_or(self.default_ms);
        if (1..=self.max_ms).contains(&ms) {
            return Ok(ms);
        }
        let problem = format!(
            "found {ms}; write a number of milliseconds from 1 to {}",
            self.max_ms
        );
        Err(PolicyError::new(self.field, problem))
    }
}

fn rule(source: RuleSource, path: &str, context: &Context) -> Result<Rule> {
    name(&source.name, &format!("{path}.name"))?;
    let patterns = source.patterns.iter().enumerate().map(|(index, text)| {
        Pattern::parse(text)
            .map_err(|error| PolicyError::new(format!("{path}.match[{index}]"), error))
    });
    let patterns = patterns.collect::<Result<Vec<_>>>()?;
    let action = if source.exempt {
        exempt(&source, path)?;
        Action::Exempt
    } else {
        Action::Count(counting(&source, path, context)?)
    };
    Ok(Rule {
        name: source.name,
        patterns,
        also: source.also,
        action,
    })
}

fn name(name: &str, path: &str) -> Result<()> {
    if is_name(name) && name.len() <= 64 {
        return Ok(());
    }
    let problem =
        format!("found {name:?}; a name is 1 to 64 letters, digits, \"-\", \"_\" or \".\"");
    Err(PolicyError::new(path, problem))
}

/// Whether a rule that counts nothing says nothing of counting.
fn exempt(source: &RuleSource, path: &str) -> Result<()> {
    let fields = [
        ("limit", source.limit.is_some()),
        ("key", source.key.is_some()),
        ("bucket", source.bucket.is_some()),
        ("algorithm", source.algorithm.is_some()),
        ("burst", source.burst.is_some()),
        ("cost", source.cost.is_some()),
        ("count", source.count.is_some()),
        ("on_error", source.on_error.is_some()),
        ("mode", source.mode.is_some()),
        ("also", source.also),
    ];
    match fields.iter().find(|(_, is_set)| *is_set) {
        None => Ok(()),
        Some((field, _)) => {
            let problem = "an exempt rule counts nothing; remove this field, or \"exempt\"";
            Err(PolicyError::new(format!("{path}.{field}"), problem))
        }
    }
}

fn counting(source: &RuleSource, path: &str, context: &Context) -> Result<Counting> {
    let at = |field: &str| format!("{path}.{field}");
    let Some(limit) = &source.limit else {
        let problem = "missing; write how much is allowed, as in \"60/minute\", or exempt = true";
        return Err(PolicyError::new(at("limit"), problem));
    };
    let key = match &source.key {
        Some(words) => key(words, context, &at("key"))?,
        None if source.also => {
            let problem =
                "missing; a rule with \"also\" says who else is counted, as in key = \"tenant\"";
            return Err(PolicyError::new(at("key"), problem));
        }
        None => context.key.clone(),
    };
    if let Some(bucket) = &source.bucket {
        name(bucket, &at("bucket"))?;
    }
    let algorithm = limits::algorithm(source.algorithm.as_deref(), source.burst, path)?;
    let allowances = limits::allowances(limit, algorithm, path)?;
    let cost = cost(source.cost, &allowances, &at("cost"))?;
    let nobody_has = |what, how| {
        let problem =
            format!("nobody has a {what} under this policy; {how}, or write one limit for all");
        Err(PolicyError::new(at(&format!("limit.{what}")), problem))
    };
    if !allowances.roles.is_empty() && !context.has_tokens {
        return nobody_has("role", "say in [vars.BOUNCER.jwt] how tokens are verified");
    }
    if !allowances.plans.is_empty() && !context.has_tokens && !context.has_api_keys {
        return nobody_has(
            "plan",
            "say in [vars.BOUNCER.jwt] how tokens are verified, or list [vars.BOUNCER.api_keys]",
        );
    }
    Ok(Counting {
        key,
        bucket: source.bucket.as_ref().unwrap_or(&source.name).clone(),
        cost,
        counts: conduct::counts(source.count.as_ref(), path)?,
        settled_within_ms: context.settled_within_ms,
        on_error: source.on_error.unwrap_or(context.on_error),
        mode: source.mode.unwrap_or(context.mode),
        allowances,
    })
}

/// What a request costs, if some limit can ever bear it.
fn cost(cost: Option<u32>, allowances: &Allowances, path: &str) -> Result<NonZeroU32> {
    let Some(cost) = NonZeroU32::new(cost.unwrap_or(1)) else {
        let problem = "found 0; write how many permits a request takes, or limit = \"unlimited\"";
        return Err(PolicyError::new(path, problem));
    };
    let limits = allowances
        .each()
        .flat_map(|(_, allowance)| match allowance {
            Allowance::Limits(limits) => limits.as_slice(),
            Allowance::Unlimited => &[],
        });
    // A limit of none is meant to block.
    let mut too_small = limits.filter(|limit| (1..cost.get()).contains(&limit.quota()));
    match too_small.next() {
        None => Ok(cost),
        Some(limit) => {
            let problem = format!(
                "found {cost}, but \"{limit}\" never has more than {} at once, so no request would be admitted",
                limit.quota()
            );
            Err(PolicyError::new(path, problem))
        }
    }
}

fn key(words: &KeySource, context: &Context, path: &str) -> Result<KeyKind> {
    let kind = match words {
        KeySource::One(word) => KeyKind::all([word.as_str()]),
        KeySource::Several(words) => KeyKind::all(words.iter().map(String::as_str)),
        KeySource::First(FirstSource { first }) => KeyKind::first(first.iter().map(String::as_str)),
    };
    let kind = kind.map_err(|error| PolicyError::new(path, error))?;
    let (section, why) = if kind.needs_token() && !context.has_tokens {
        (
            "jwt",
            "no token is verified and nobody has one; say how tokens are verified",
        )
    } else if kind.needs_api_key() && !context.has_api_keys {
        (
            "api_keys",
            "no header is read as an API key; say which keys there are",
        )
    } else {
        return Ok(kind);
    };
    let problem =
        format!("found \"{kind}\", but without [vars.BOUNCER.{section}] {why}, or write \"ip\"");
    Err(PolicyError::new(path, problem))
}

fn networks(texts: &[String], field: &str) -> Result<Networks> {
    let texts = texts.iter().map(String::as_str);
    Networks::parse(texts)
        .map_err(|(index, error)| PolicyError::new(format!("{field}[{index}]"), error))
}

fn ipv6_prefix(bits: Option<u8>) -> Result<u8> {
    match bits.unwrap_or(64) {
        bits @ 1..=128 => Ok(bits),
        bits => Err(PolicyError::new(
            "ipv6_prefix",
            format!("found {bits}; write a number of bits from 1 to 128"),
        )),
    }
}

/// The default is a rule without patterns.
impl From<DefaultSource> for RuleSource {
    fn from(
        DefaultSource {
            limit,
            key,
            algorithm,
            burst,
            cost,
            count,
            on_error,
            mode,
        }: DefaultSource,
    ) -> Self {
        Self {
            name: DEFAULT.to_owned(),
            patterns: Vec::new(),
            exempt: false,
            also: false,
            limit: Some(limit),
            key,
            bucket: None,
            algorithm,
            burst,
            cost,
            count,
            on_error,
            mode,
        }
    }
}
