//! Dates as Java's `SimpleDateFormat` writes them, in UTC.

use std::fmt::Write as _;

use crate::error::Error;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

/// A pattern of letters.
#[derive(Debug, Clone)]
pub(crate) struct DateFormat(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    /// A letter and how often it stands there.
    Field(char, usize),
}

impl DateFormat {
    /// # Errors
    /// A letter that means nothing, or a quote without its end.
    pub(crate) fn new(pattern: &str) -> Result<Self, Error> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut letters = pattern.chars().peekable();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' if letters.next_if_eq(&'\'').is_some() => text.push('\''),
                '\'' => loop {
                    match letters.next() {
                        Some('\'') if letters.next_if_eq(&'\'').is_some() => text.push('\''),
                        Some('\'') => break,
                        Some(letter) => text.push(letter),
                        None => return Err(Error::Refused("Unterminated quote".to_owned())),
                    }
                },
                'A'..='Z' | 'a'..='z' => {
                    if !"GyYMLwWDdFEuaHkKhmsSzZX".contains(letter) {
                        let text = format!("Illegal pattern character '{letter}'");
                        return Err(Error::Refused(text));
                    }
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    let mut count = 1;
                    while letters.next_if_eq(&letter).is_some() {
                        count += 1;
                    }
                    parts.push(Part::Field(letter, count));
                }
                other => text.push(other),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self(parts))
    }

    /// A time in milliseconds since 1970.
    pub(crate) fn show(&self, ms: i64) -> String {
        let date = Date::of(ms);
        let mut shown = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => shown.push_str(text),
                Part::Field(letter, count) => date.field(*letter, *count, &mut shown),
            }
        }
        shown
    }
}

struct Date {
    days: i64,
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    ms: i64,
}

impl Date {
    fn of(ms: i64) -> Self {
        let (days, rest) = (ms.div_euclid(DAY_MS), ms.rem_euclid(DAY_MS));
        // Days since 1 March of the year 0, in eras of 400 years.
        let shifted = days + 719_468;
        let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 2, 0) } else { (month - 10, 1) };
        Self {
            days,
            year: era * 400 + year + next,
            month: usize::try_from(month).unwrap_or_default(),
            day,
            hour: rest / 3_600_000,
            minute: rest / 60_000 % 60,
            second: rest / 1_000 % 60,
            ms: rest % 1_000,
        }
    }

    fn field(&self, letter: char, count: usize, shown: &mut String) {
        let first_of_year = Self::days_of(self.year);
        let weekday = self.days.rem_euclid(7) as usize;
        let name = |names: &[&str], at: usize, full: bool| {
            let name = names.get(at).copied().unwrap_or_default();
            if full { name.to_owned() } else { name.chars().take(3).collect() }
        };
        let number = match letter {
            'y' | 'Y' if count == 2 => self.year.rem_euclid(100),
            'y' | 'Y' => self.year,
            'M' | 'L' if count >= 3 => {
                shown.push_str(&name(&MONTHS, self.month, count > 3));
                return;
            }
            'M' | 'L' => self.month as i64 + 1,
            'w' => (self.days - first_of_year) / 7 + 1,
            'W' | 'F' => (self.day - 1) / 7 + 1,
            'D' => self.days - first_of_year + 1,
            'd' => self.day,
            'E' => {
                shown.push_str(&name(&WEEKDAYS, weekday, count > 3));
                return;
            }
            'u' => (self.days + 3).rem_euclid(7) + 1,
            'H' => self.hour,
            'k' => (self.hour + 23) % 24 + 1,
            'K' => self.hour % 12,
            'h' => (self.hour + 11) % 12 + 1,
            'm' => self.minute,
            's' => self.second,
            'S' => self.ms,
            'G' => return shown.push_str("AD"),
            'a' => return shown.push_str(if self.hour < 12 { "AM" } else { "PM" }),
            'Z' => return shown.push_str("+0000"),
            'X' => return shown.push('Z'),
            _ => return shown.push_str("UTC"),
        };
        let _ = write!(shown, "{number:0count$}");
    }

    /// Days from 1970 to the first of January of a year.
    fn days_of(year: i64) -> i64 {
        let before = year - 1;
        365 * (year - 1970) + before.div_euclid(4) - before.div_euclid(100) + before.div_euclid(400)
            - 477
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_java() {
        let check = |pattern: &str, ms: i64| DateFormat::new(pattern).unwrap().show(ms);
        let time = 1_709_210_096_007;
        assert_eq!(check("yyyy-MM-dd HH:mm:ss:SSS", time), "2024-02-29 12:34:56:007");
        assert_eq!(check("yy MMM MMMM E EEEE", time), "24 Feb February Thu Thursday");
        assert_eq!(check("D 'at' h a ''X", time), "60 at 12 PM 'Z");
        assert_eq!(check("yyyy-MM-dd", -1), "1969-12-31");
        assert_eq!(check("yyyy-MM-dd u", 0), "1970-01-01 4");
        assert!(DateFormat::new("b").is_err());
        assert!(DateFormat::new("'x").is_err());
    }
}
