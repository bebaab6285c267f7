//! Sends hostile requests through everything that decides at the edge, and watches that nothing panics, that no answer is a
//! failure of ours, and that time and memory stay small.
//!
//! `npm run fuzz -- [--requests N] [--seed S]`. What JavaScript does around it (headers, bodies) is attacked end to end in
//! tests/hostile.test.mjs. A request that fails is printed with its seed, and is the same again under it.

#![expect(
    clippy::disallowed_methods,
    reason = "a native program, which measures how long things take"
)]

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use bouncer::admission::{Asked, Denials};
use bouncer::bouncer::{Bouncer, POLICY};
use bouncer::facts::Facts;
use bouncer::head::Head;
use bouncer::origin::{Outgoing, exchanged};
use bouncer::policy::{Host, Mode, Policy};
use bouncer::refusal::Refusal;
use bouncer::stamp::{stamp, violated};
use bouncer::timing::Timing;
use bouncer_durable::ledger::{Decision, Ledger};

#[path = "fuzz/hostile.rs"]
mod hostile;

use hostile::{Hostile, SECRET};

/// Ledgers that are kept: more keys than these are forgotten, as an isolate's world has room for all.
const MAX_LEDGERS: usize = 10_000;

/// The longest that any one request may take. It is generous: the machine may be busy with something else.
const MAX_TIME: Duration = Duration::from_millis(250);

/// What the process may take in memory, ledgers of objects included: half of what an isolate has.
const MAX_RESIDENT_KIB: u64 = 65_536;

fn main() -> ExitCode {
    let (mut requests, mut seed) = (1_000_000_u64, 1_u64);
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        let number = args.next().and_then(|number| number.parse().ok());
        match (arg.as_str(), number) {
            ("--requests", Some(number)) => requests = number,
            ("--seed", Some(number)) => seed = number,
            _ => {
                eprintln!("usage: npm run fuzz -- [--requests N] [--seed S]");
                return ExitCode::from(2);
            }
        }
    }
    let variable = |name: &str| match name {
        POLICY => Some(hostile::POLICY_JSON.to_owned()),
        "JWT_SECRET" => Some(SECRET.to_owned()),
        _ => None,
    };
    let bouncer = match Bouncer::new(variable, |_| false) {
        Ok(bouncer) => bouncer,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    let mut run = Run::new(&bouncer);
    let started = Instant::now();
    for index in 0..requests {
        let mut hostile = Hostile::new(seed, index);
        let lines = hostile.lines();
        let theirs = hostile.header_lines();
        let began = Instant::now();
        let outcome = catch_unwind(AssertUnwindSafe(|| run.request(&lines, &theirs)));
        let took = began.elapsed();
        if took > run.slowest {
            run.slowest = took;
            run.slowest_index = index;
        }
        let problem = match outcome {
            Err(_) => Some("panicked".to_owned()),
            // What has been here before is a loop, which whoever sends its mark makes by themselves; and a token that is one too
            // many of an address's wrong ones is not checked.
            Ok(status) if status >= 500 && !matches!(status, 503 | 508) => {
                Some(format!("was answered {status}"))
            }
            Ok(_) if took > MAX_TIME => Some(format!("took {took:?}")),
            Ok(status) => {
                *run.answers.entry(status).or_default() += 1;
                None
            }
        };
        if let Some(problem) = problem {
            eprintln!("request {index} of seed {seed} {problem}:\n{lines:?}\n{theirs:?}");
            return ExitCode::FAILURE;
        }
        if index == requests / 2 {
            run.resident_early = resident_kib();
        }
    }
    let elapsed = started.elapsed();
    println!(
        "{requests} hostile requests of seed {seed} in {elapsed:.1?}; the slowest, {}, took {:.1?}",
        run.slowest_index, run.slowest
    );
    for (status, count) in &run.answers {
        println!("  {status:>3}  {count}");
    }
    if let (Some(early), Some(late)) = (run.resident_early, resident_kib()) {
        println!("memory: {early} KiB after half of them, {late} KiB after all");
        // What is remembered is bounded, and takes its time to fill.
        if late > MAX_RESIDENT_KIB {
            eprintln!("memory has grown beyond its bound");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// All that an isolate and its objects keep between requests.
struct Run<'a> {
    bouncer: &'a Bouncer,
    denials: Denials,
    ledgers: BTreeMap<String, Ledger>,
    next_id: u64,
    answers: BTreeMap<u16, u64>,
    slowest: Duration,
    slowest_index: u64,
    resident_early: Option<u64>,
}

// === impl Run ===

impl<'a> Run<'a> {
    fn new(bouncer: &'a Bouncer) -> Self {
        Self {
            bouncer,
            denials: Denials::default(),
            ledgers: BTreeMap::new(),
            next_id: 0,
            answers: BTreeMap::new(),
            slowest: Duration::ZERO,
            slowest_index: 0,
            resident_early: None,
        }
    }

    /// The status of the answer; 200 for what would be forwarded. `theirs` are headers of the origin's response.
    fn request(&mut self, lines: &str, theirs: &str) -> u16 {
        let bouncer = self.bouncer;
        let wire = &bouncer.policy.wire;
        let facts = Facts::read(lines);
        if facts.is_back {
            return Refusal::LoopDetected.status();
        }
        if let Some(flaw) = facts.flaw {
            return self.refuse(&flaw.refusal(), &facts);
        }
        let route = bouncer.policy.route_line(&facts.line());
        let client = bouncer.client(&facts);
        if wire.is_preflight(&facts) {
            return 204;
        }
        let asked = Asked::new(&route, &client, Mode::Enforce);
        let names = asked.names();
        let remembered = asked
            .refused_by_none(facts.now_ms)
            .or_else(|| self.denials.of(&asked, facts.now_ms));
        if remembered.is_none()
            && let Some(refusal) = client.refusal()
        {
            assert!(client.reasons().next().is_some(), "it is told why");
            return self.refuse(&refusal, &facts);
        }
        let decision = remembered.unwrap_or_else(|| self.ask(&asked, facts.now_ms));
        let stamp = stamp(&names, &decision, wire.families);
        if let Some(by) = asked.refused(&decision) {
            let refusal = Refusal::RateLimited {
                limit: by.limit,
                refused: by.wait,
                violated: violated(&names, &decision),
            };
            let (head, body) = wire.answer(&refusal, &stamp, Timing::default(), &facts);
            assert!(!head.as_str().is_empty() && !body.is_empty());
            return refusal.status();
        }
        let Policy { origin, .. } = &bouncer.policy;
        let outgoing = Outgoing::new(origin, Host::Client, &facts, &bouncer.pseudonym, None);
        let is_below_the_base = |url: &String| url.contains("/base");
        assert!(outgoing.url.as_ref().is_some_and(is_below_the_base));
        let exchanged = exchanged(origin, &facts, theirs);
        assert!(exchanged.as_str().lines().all(|line| line.contains(": ")));
        let head = wire.on_response(&stamp, theirs, Timing::default(), &facts);
        assert!(head.as_str().lines().all(|line| line.contains(": ")));
        200
    }

    fn refuse(&self, refusal: &Refusal, facts: &Facts<'_>) -> u16 {
        let wire = &self.bouncer.policy.wire;
        let (head, body) = wire.answer(refusal, &Head::default(), Timing::default(), facts);
        assert!(!head.as_str().is_empty() && !body.is_empty());
        refusal.status()
    }

    fn ask(&mut self, asked: &Asked<'_>, now_ms: u64) -> Decision {
        let mut decisions = Vec::new();
        for call in &asked.calls {
            if self.ledgers.len() >= MAX_LEDGERS {
                self.ledgers.clear();
            }
            self.next_id += 1;
            let ledger = self.ledgers.entry(call.key.to_string()).or_default();
            let decision = ledger.take(self.next_id, &call.claims(), now_ms);
            self.denials.remember(call, &decision, now_ms);
            let is_refused = decision.refused().is_some();
            decisions.push(decision);
            if is_refused {
                break;
            }
        }
        asked.together(decisions.iter().map(Some))
    }
}

/// What the process takes in memory, where that can be told.
fn resident_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
