//! Points in time and time spans as Java reads them.

use super::Error;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Reads `YYYY-MM-DDThh:mm:ss.sss`, UTC unless an offset such as `+02:00` follows; milliseconds
/// since 1970.
///
/// # Errors
/// It is something else.
pub(super) fn timestamp(text: &str) -> Result<i64, Error> {
    let Some((date, time)) = text.split_once('T') else {
        let problem = "Error parsing timestamp. It does not contain a 'T' according to ISO8601 \
                       format";
        return Err(Error::Refused(format!("java.text.ParseException: {problem}")));
    };
    let zoned = if time.contains(['+', '-', 'Z']) { text.to_owned() } else { format!("{text}Z") };
    let unreadable =
        || Error::Refused(format!("java.text.ParseException: Unparseable date: \"{zoned}\""));
    read(date, zoned.split_once('T').map_or("", |(_, time)| time)).ok_or_else(unreadable)
}

fn read(date: &str, time: &str) -> Option<i64> {
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let zone = time.find(['+', '-', 'Z'])?;
    let (time, zone) = time.split_at(zone);
    let (time, fraction) = time.split_once('.')?;
    let mut time = time.splitn(3, ':').map(|part| part.parse::<i64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let fits = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..60).contains(&second)
        && (1..=3).contains(&fraction.len());
    let ms: i64 = fraction.parse().ok()?;
    let days = days_since_1970(year, month, day);
    let time = hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + ms;
    fits.then_some(days * DAY_MS + time - zone_ms(zone)?)
}

/// `Z`, `+hh`, `+hhmm` or `+hh:mm`.
fn zone_ms(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, digits) = zone.split_at(1);
    let digits: String = digits.chars().filter(|letter| *letter != ':').collect();
    let (hours, minutes) = match digits.len() {
        2 => (digits.parse::<i64>().ok()?, 0),
        4 => (digits[..2].parse::<i64>().ok()?, digits[2..].parse::<i64>().ok()?),
        _ => return None,
    };
    let ms = hours * HOUR_MS + minutes * MINUTE_MS;
    Some(if sign == "-" { -ms } else { ms })
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March have their leap day at the end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Reads a time span, `PnDTnHnMn.nS`; milliseconds.
///
/// # Errors
/// It is something else.
pub(super) fn duration_ms(text: &str) -> Result<i64, Error> {
    span(text).ok_or_else(|| Error::Refused("Text cannot be parsed to a Duration".to_owned()))
}

fn span(text: &str) -> Option<i64> {
    let text = text.to_ascii_uppercase();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(&text)),
    };
    let rest = rest.strip_prefix('P')?;
    let (days, time) = match rest.split_once('T') {
        Some((_, "")) => return None,
        Some((days, time)) => (days, time),
        None => (rest, ""),
    };
    let (mut total, mut found) = (0_i64, false);
    if !days.is_empty() {
        total = days.strip_suffix('D')?.parse::<i64>().ok()?.checked_mul(DAY_MS)?;
        found = true;
    }
    let mut rest = time;
    for (unit, ms) in [('H', HOUR_MS), ('M', MINUTE_MS), ('S', SECOND_MS)] {
        let Some((number, after)) = rest.split_once(unit) else { continue };
        let part = match unit {
            'S' => seconds_ms(number)?,
            _ => number.parse::<i64>().ok()?.checked_mul(ms)?,
        };
        (total, rest, found) = (total.checked_add(part)?, after, true);
    }
    (found && rest.is_empty()).then_some(sign * total)
}

fn seconds_ms(number: &str) -> Option<i64> {
    let (whole, fraction) = number.split_once(['.', ',']).unwrap_or((number, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole_ms = whole.parse::<i64>().ok()?.checked_mul(SECOND_MS)?;
    let ms: i64 = format!("{fraction:0<3}")[..3].parse().ok()?;
    Some(if whole.starts_with('-') { whole_ms - ms } else { whole_ms + ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_utc_unless_said_otherwise() {
        assert_eq!(timestamp("1970-01-01T00:00:00.000").unwrap(), 0);
        assert_eq!(timestamp("2020-02-29T12:30:15.250").unwrap(), 1_582_979_415_250);
        assert_eq!(timestamp("2020-02-29T12:30:15.250Z").unwrap(), 1_582_979_415_250);
        assert_eq!(timestamp("2020-02-29T14:30:15.250+02:00").unwrap(), 1_582_979_415_250);
        assert_eq!(timestamp("2020-02-29T10:30:15.250-0200").unwrap(), 1_582_979_415_250);
        for bad in ["", "2020-02-30T00:00:00.000", "2020-01-01T00:00:00", "2020-01-01Tx"] {
            assert!(timestamp(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn time_spans_are_those_of_iso_8601() {
        assert_eq!(duration_ms("PT1H").unwrap(), HOUR_MS);
        assert_eq!(duration_ms("p1d").unwrap(), DAY_MS);
        let all = DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4500;
        assert_eq!(duration_ms("P1DT2H3M4.5S").unwrap(), all);
        assert_eq!(duration_ms("PT-1.25S").unwrap(), -1250);
        assert_eq!(duration_ms("-PT5M").unwrap(), -5 * MINUTE_MS);
        for bad in ["", "P", "PT", "1H", "P1H", "PT1D", "PT1M1H", "PT1Hx", "nonsense"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
