//! One picture as SVG: the arrivals as marks, and under them how many were admitted in the trailing 60 seconds.
//!
//! It has a background of its own, and tells admitted from refused by shape and not by hue alone, so that it can be read on
//! a dark page, in print, and by everybody.

use crate::replay::{Arrival, Replay};

const FROM_MS: u32 = 45_000;
const TO_MS: u32 = 150_000;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 824.0;
const MARKS_Y: f64 = 68.0;
const MARK_HEIGHT: f64 = 22.0;
const TOP: f64 = 112.0;
const BOTTOM: f64 = 232.0;
const MOST: f64 = 20.0;

const OPEN: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 900 272" width="900" height="272" font-family="system-ui, sans-serif" font-size="13" fill="#222" role="img">"##;

const LEGEND: &str = r##"<rect x="664" y="17" width="3" height="14" fill="#222"/>
<text x="674" y="29">admitted</text>
<rect x="748.7" y="17.7" width="3" height="12.6" fill="#fff" stroke="#222" stroke-width="1.1"/>
<text x="760" y="29">refused</text>"##;

fn x(at_ms: u32) -> f64 {
    let share = f64::from(at_ms.clamp(FROM_MS, TO_MS) - FROM_MS) / f64::from(TO_MS - FROM_MS);
    LEFT + share * (RIGHT - LEFT)
}

fn y(count: f64) -> f64 {
    BOTTOM - count / MOST * (BOTTOM - TOP)
}

/// The whole picture.
pub(crate) fn svg(replay: &Replay) -> String {
    let (title, most) = (replay.stage.title, replay.most());
    let head = format!(
        r##"<title>{title}: at most {most} admitted in any 60 s</title>
<rect width="900" height="272" fill="#fff"/>
<text x="{LEFT}" y="29" font-size="17" font-weight="600">{title}</text>
<text x="{LEFT}" y="50">admitted in the trailing 60 s: at most <tspan font-weight="600">{most}</tspan></text>"##
    );
    let mut parts = vec![OPEN.to_owned(), head, LEGEND.to_owned()];
    parts.push(curve(replay));
    parts.extend(axes(replay));
    parts.extend(replay.arrivals.iter().copied().map(mark));
    parts.push("</svg>\n".to_owned());
    parts.join("\n")
}

fn mark(arrival: Arrival) -> String {
    let x = x(arrival.at_ms);
    if arrival.is_admitted {
        let left = x - 1.5;
        format!(
            r##"<rect x="{left:.1}" y="{MARKS_Y}" width="3" height="{MARK_HEIGHT}" fill="#222"/>"##
        )
    } else {
        let (left, top, height) = (x - 1.5, MARKS_Y + 0.6, MARK_HEIGHT - 1.2);
        format!(
            r##"<rect x="{left:.1}" y="{top}" width="3" height="{height:.1}" fill="#fff" stroke="#222" stroke-width="1.1"/>"##
        )
    }
}

/// The count as a filled step curve; what lies above the limit in a colour of its own.
fn curve(replay: &Replay) -> String {
    let shown = replay.trailing().into_iter();
    let shown = shown.take_while(|(at_ms, _)| *at_ms < TO_MS);
    let steps = shown.map(|(at_ms, count)| {
        let count = u32::try_from(count).map_or(MOST, f64::from);
        format!("H{:.1} V{:.1}", x(at_ms), y(count))
    });
    let start = format!("M{LEFT} {BOTTOM}");
    let path = [start].into_iter().chain(steps).collect::<Vec<_>>();
    let path = format!("{} H{RIGHT}", path.join(" "));
    let limit = y(f64::from(replay.limit.permits()));
    let (width, above, below) = (RIGHT - LEFT, limit - TOP + 8.0, BOTTOM - limit);
    let area = format!("{path} V{BOTTOM} H{LEFT} Z");
    let top = TOP - 8.0;
    format!(
        r##"<clipPath id="above"><rect x="{LEFT}" y="{top}" width="{width}" height="{above:.1}"/></clipPath>
<clipPath id="below"><rect x="{LEFT}" y="{limit:.1}" width="{width}" height="{below:.1}"/></clipPath>
<path d="{area}" fill="#cfe3f2" clip-path="url(#below)"/>
<path d="{area}" fill="#e07b2e" clip-path="url(#above)"/>
<path d="{path}" fill="none" stroke="#0b4f80" stroke-width="1.8"/>"##
    )
}

fn axes(replay: &Replay) -> Vec<String> {
    let mut parts = Vec::new();
    for at_ms in (FROM_MS..=TO_MS).step_by(15_000) {
        let (x, second) = (x(at_ms), at_ms / 1_000);
        let (minute, second) = (second / 60, second % 60);
        let is_boundary = second == 0;
        let (top, width, weight) = if is_boundary {
            (60.0, 1.4, 600)
        } else {
            (BOTTOM, 1.0, 400)
        };
        let end = BOTTOM + 5.0;
        parts.push(format!(
            r##"<path d="M{x:.1} {top} V{end}" stroke="#777" stroke-width="{width}"/>
<text x="{x:.1}" y="{:.1}" text-anchor="middle" font-weight="{weight}">{minute}:{second:02}</text>"##,
            BOTTOM + 21.0
        ));
    }
    for count in [0, 10, 20] {
        let y = y(f64::from(count));
        parts.push(format!(
            r#"<text x="{:.1}" y="{:.1}" text-anchor="end">{count}</text>"#,
            LEFT - 8.0,
            y + 4.5
        ));
    }
    let permits = replay.limit.permits();
    let limit = y(f64::from(permits));
    parts.push(format!(
        r##"<path d="M{LEFT} {BOTTOM} H{RIGHT}" stroke="#222"/>
<path d="M{LEFT} {limit:.1} H{RIGHT}" stroke="#222" stroke-width="1.4" stroke-dasharray="6 4"/>
<text x="{:.1}" y="{:.1}">limit {permits}</text>"##,
        RIGHT + 8.0,
        limit + 4.5
    ));
    parts
}
