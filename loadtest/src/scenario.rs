//! `loadtest scenario`: people and programs using the Task Manager, some of them as they should not.
//!
//! [`plan`] draws who asks for what and when, [`actor`] sends it, [`action`] is what can be asked, [`progress`] shows how
//! far it is, and [`report`] is what came of it.

use std::sync::Arc;
use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::cli::{LoadArgs, ScenarioArgs};
use crate::client::{self, Client, Keep};
use crate::error::Error;
use crate::html;
use crate::outputs::Outputs;
use crate::request::{Target, template};
use crate::sample::Outcome;
use crate::scenario::actor::{Stage, act};
use crate::scenario::plan::{Plan, Shape};
use crate::scenario::progress::Progress;
use crate::scenario::report::{OriginLoad, Party, Record, ScenarioReport, Side};
use crate::scenario::table::Table;

pub mod action;
pub mod actor;
pub mod plan;
pub mod progress;
pub mod report;
pub mod table;

/// Who is attacked by whom, how, and where.
#[derive(Debug)]
pub struct Play<'a> {
    /// A name for it.
    pub label: &'a str,
    /// Where the requests go.
    pub target: &'a Target,
    /// The API behind, if it can be asked what it had to do.
    pub origin: Option<&'a Target>,
    /// How much load.
    pub shape: Shape,
    /// How long a request may take from when it is due.
    pub timeout: Duration,
    /// The password of every account.
    pub password: &'a str,
}

/// Where the API tells what it had to do, if it was started with `--debug-routes`.
const LOAD_PATH: &str = "/api/v1/debug/load";

/// Sends the load, shows what came of it.
///
/// # Errors
/// [`Error`] when the run could not take place or its results could not be written. A request that failed is a result.
pub fn run(args: &ScenarioArgs) -> Result<(), Error> {
    let outputs = Outputs::open(&args.outputs)?;
    let play = Play {
        label: &args.label,
        target: &args.url,
        origin: args.origin.as_ref(),
        shape: shape(&args.load, args.attackers),
        timeout: args.load.timeout(),
        password: &args.load.password,
    };
    let report = client::runtime()?.block_on(play.through())?;
    outputs.write(&report, &Table(&report), html::scenario, &report)
}

pub(crate) fn shape(load: &LoadArgs, attackers: u32) -> Shape {
    Shape {
        seed: load.seed,
        users: load.users,
        impatient_percent: load.impatient_percent,
        ramp_s: load.ramp_s,
        duration_s: load.duration_s,
        attackers,
        attack_per_s: load.attack_per_s,
    }
}

// === impl Play ===

impl Play<'_> {
    /// Plays it through.
    ///
    /// # Errors
    /// [`Error::UnknownHost`], and [`Error::Input`] for a URL that leads nowhere.
    pub async fn through(&self) -> Result<ScenarioReport, Error> {
        let before = self.origin_load().await?;
        let records = self.records().await?;
        let after = self.origin_load().await?;
        let party = |side| Party::of(&records, side, self.shape.duration_s);
        Ok(ScenarioReport {
            label: self.label.to_owned(),
            url: self.target.url.clone(),
            seed: self.shape.seed,
            users: self.shape.users,
            attackers: self.shape.attackers,
            ramp_s: self.shape.ramp_s,
            duration_s: self.shape.duration_s,
            victims: party(Side::Victim)?,
            attack: party(Side::Attacker)?,
            origin: before.zip(after).map(|(before, after)| OriginLoad {
                requests: after.requests.saturating_sub(before.requests),
                cpu_ms: after.cpu_ms.saturating_sub(before.cpu_ms),
            }),
        })
    }

    async fn records(&self) -> Result<Vec<Record>, Error> {
        let duration = Duration::from_secs(self.shape.duration_s.into());
        let stage = Arc::new(Stage {
            target: self.target.clone(),
            addresses: self.target.addresses().await?,
            password: self.password.to_owned(),
            accounts: self.shape.users.saturating_add(self.shape.attackers),
            timeout: self.timeout,
            begun: Instant::now(),
            duration,
            progress: Progress::new(self.label, duration),
        });
        let shown = Arc::clone(&stage);
        let clock = tokio::spawn(async move {
            let mut tick = interval(Duration::from_millis(250));
            loop {
                tick.tick().await;
                shown.progress.at(shown.begun.elapsed());
            }
        });
        let mut actors = JoinSet::new();
        for actor in Plan::new(self.shape).actors {
            actors.spawn(act(actor, Arc::clone(&stage)));
        }
        let mut records = Vec::new();
        // Whoever has no account ends it for all: what would be measured is not what was meant.
        while let Some(of_actor) = actors.join_next().await {
            match of_actor {
                Ok(of_actor) => records.extend(of_actor?),
                Err(broken) => std::panic::resume_unwind(broken.into_panic()),
            }
        }
        clock.abort();
        stage.progress.end();
        Ok(records)
    }

    async fn origin_load(&self) -> Result<Option<OriginLoad>, Error> {
        let Some(origin) = self.origin else {
            return Ok(None);
        };
        let mut client = Client::new(origin.addresses().await?, self.timeout);
        let request = template(&origin.join(LOAD_PATH)?, &Method::GET, &[], "");
        let (_, kept) = client.send(&request, Keep::Everything).await;
        Ok(kept.and_then(|kept| serde_json::from_slice(&kept.body).ok()))
    }
}

/// Waits until a server is at rest: answers `GET /health` at once, several times in a row.
///
/// # Errors
/// [`Error::Restless`] when it is not within a minute.
pub(crate) async fn rest(target: &Target) -> Result<(), Error> {
    let health = template(&target.join("/health")?, &Method::GET, &[], "");
    let mut client = Client::new(target.addresses().await?, Duration::from_secs(5));
    let mut in_a_row = 0;
    let deadline = Instant::now() + Duration::from_mins(1);
    while in_a_row < 5 {
        if Instant::now() > deadline {
            return Err(Error::Restless {
                url: target.url.clone(),
            });
        }
        let (sample, _) = client.send(&health, Keep::Nothing).await;
        let is_at_rest =
            sample.outcome == Outcome::Answered(StatusCode::OK) && sample.latency_us < 50_000;
        in_a_row = if is_at_rest { in_a_row + 1 } else { 0 };
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}
