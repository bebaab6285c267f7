//! Numbers as people read them: three digits that count, and a unit that fits. No space in them breaks a line.

/// Milliseconds without their unit, for a column of them: `6.02`, `14.3`, `4004`.
#[must_use]
pub fn ms(ms: f64) -> String {
    three_digits(ms)
}

/// A latency with its unit: `480 µs`, `14.3 ms`, `4.00 s`.
#[must_use]
pub fn latency(ms: f64) -> String {
    if ms >= 999.5 {
        format!("{}\u{a0}s", three_digits(ms / 1_000.0))
    } else if ms >= 0.9995 || ms == 0.0 {
        format!("{}\u{a0}ms", three_digits(ms))
    } else {
        format!("{}\u{a0}µs", three_digits(ms * 1_000.0))
    }
}

/// Time of a processor: `57.9 s`.
#[must_use]
pub fn cpu(ms: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let ms = ms as f64;
    latency(ms)
}

/// A ratio: `1.17`, `284`.
#[must_use]
pub fn times(ratio: f64) -> String {
    three_digits(ratio)
}

/// How much `part` is of `whole`, in percent: `90.1 %`; a dash of nothing.
#[must_use]
pub fn percent(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let share = f64::from(part) / f64::from(whole) * 100.0;
    match share {
        // What is nearly none or nearly all is neither.
        _ if part > 0 && share < 0.1 => "<\u{a0}0.1\u{a0}%".to_owned(),
        _ if part < whole && share > 99.9 => ">\u{a0}99.9\u{a0}%".to_owned(),
        _ if part == 0 || part == whole => format!("{share:.0}\u{a0}%"),
        _ => format!("{share:.1}\u{a0}%"),
    }
}

/// A count in groups of three: `24 600`, with spaces that do not break.
#[must_use]
pub fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push('\u{202f}');
        }
        grouped.push(digit);
    }
    grouped
}

fn three_digits(value: f64) -> String {
    match value {
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_has_three_digits_and_the_unit_that_fits() {
        for (of_ms, expected) in [
            (0.0, "0.00 ms"),
            (0.48, "480 µs"),
            (0.9996, "1.00 ms"),
            (9.996, "10.0 ms"),
            (14.29, "14.3 ms"),
            (99.96, "100 ms"),
            (999.6, "1.00 s"),
            (4_004.0, "4.00 s"),
            (30_000.0, "30.0 s"),
        ] {
            assert_eq!(latency(of_ms).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn nearly_none_is_not_none_and_nearly_all_is_not_all() {
        for (part, whole, expected) in [
            (0, 0, "–"),
            (0, 5, "0 %"),
            (5, 5, "100 %"),
            (1, 3, "33.3 %"),
            (1, 100_000, "< 0.1 %"),
            (99_999, 100_000, "> 99.9 %"),
        ] {
            assert_eq!(percent(part, whole).replace('\u{a0}', " "), expected);
        }
    }

    #[test]
    fn a_count_is_grouped_by_three() {
        let plain = |of| count(of).replace('\u{202f}', " ");
        assert_eq!(plain(0), "0");
        assert_eq!(plain(999), "999");
        assert_eq!(plain(24_600), "24 600");
        assert_eq!(plain(1_234_567), "1 234 567");
    }
}
