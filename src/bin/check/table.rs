//! The effective policy as a table.

use bouncer::policy::{Mode, Policy, Rule};

use crate::client::Sender;
use crate::words;

const COLUMNS: usize = 5;

type Row = [String; COLUMNS];

/// The table, and above it where allowed requests go.
pub(crate) fn of(policy: &Policy) -> String {
    let mut rows = vec![["rule", "requests", "key", "limits", "algorithm"].map(str::to_owned)];
    rows.extend(
        policy
            .rules
            .iter()
            .chain([&policy.default])
            .flat_map(rows_of),
    );
    let mut widths = [0; COLUMNS];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &Row| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    let lists = [("allow", &policy.allow), ("deny", &policy.deny)];
    let lists = lists
        .into_iter()
        .filter(|(_, networks)| !networks.is_empty());
    let lists = lists.map(|(name, networks)| format!("{name} {networks}\n"));
    format!(
        "origin {}\n{}\n{}",
        policy.origin,
        lists.collect::<String>(),
        rows.iter().map(line).collect::<String>()
    )
}

/// How every rule counts a client, a line each.
pub(crate) fn of_client(policy: &Policy, sender: &Sender) -> String {
    let rules = policy.rules.iter().chain([&policy.default]);
    let lines = rules.filter_map(|rule| {
        let [key, limits] = sender.counted(rule)?;
        Some([rule.name.clone(), key, limits])
    });
    let lines: Vec<_> = lines.collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        lines
            .iter()
            .map(|line| column(line).chars().count())
            .max()
            .unwrap_or_default()
    };
    let (names, keys) = (width(|[name, _, _]| name), width(|[_, key, _]| key));
    let line =
        |[name, key, limits]: &[String; 3]| format!("{name:names$}  {key:keys$}  {limits}\n");
    lines.iter().map(line).collect()
}

/// One row, and more where there are several patterns or several limits.
fn rows_of(rule: &Rule) -> Vec<Row> {
    let mut requests: Vec<String> = rule.patterns.iter().map(ToString::to_string).collect();
    if requests.is_empty() {
        requests.push("everything else".to_owned());
    }
    let mut names = vec![rule.name.clone()];
    if rule.also {
        names.push("  also".to_owned());
    }
    let (mut key, mut algorithm) = ("-".to_owned(), "-".to_owned());
    let limits = match rule.counting() {
        None => vec!["exempt".to_owned()],
        Some(counting) => {
            if counting.bucket != rule.name {
                names.push(format!("  in {}", counting.bucket));
            }
            if counting.mode == Mode::Shadow {
                names.push("  shadow".to_owned());
            }
            key = counting.key.to_string();
            algorithm = words::algorithm(&counting.allowances).unwrap_or(algorithm);
            let each = counting.allowances.each();
            each.map(|(holder, allowance)| words::limits(holder, allowance))
                .collect()
        }
    };
    let cell = |column: &[String], row: usize| column.get(row).cloned().unwrap_or_default();
    let (keys, algorithms) = ([key], [algorithm]);
    let rows = 0..requests.len().max(limits.len()).max(names.len());
    rows.map(|row| {
        [
            cell(&names, row),
            cell(&requests, row),
            cell(&keys, row),
            cell(&limits, row),
            cell(&algorithms, row),
        ]
    })
    .collect()
}
