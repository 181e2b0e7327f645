//! When tokens of an account end by the clock, where its operator knows better than the provider's description.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use crate::config::ConfigError;
use crate::config::duration::{self, parse_duration};
use crate::config::table::{self, Table};
use crate::provider::expiry::CUTOFFS_MAX;
use crate::provider::{Cutoff, Description, Expiry, WallClock, Zone};

/// Times of day.
type Cutoffs = [Option<Cutoff>; CUTOFFS_MAX];

/// Corrects the description of a provider by what a service's table says of `cutoffs` and `cap`.
pub(super) fn read(
    variable: &str,
    table: &Table<'_>,
    mut description: Description,
    errors: &mut Vec<ConfigError>,
) -> Option<Description> {
    let zone = description.expiry.zone();
    let cutoffs = table.field(
        "cutoffs",
        "a list of up to 4 different times of day by the provider's clock, such as [\"03:30\"]",
        errors,
        Some(None),
        |value| times(value, zone).map(Some),
    );
    let cap = table.field("cap", duration::EXPECTED, errors, Some(None), |value| {
        parse_duration(value.as_str()?).map(Some)
    });
    let (cutoffs, cap) = (cutoffs?, cap?);
    let Expiry::WallClock(known) = &mut description.expiry else {
        let said = [("cutoffs", cutoffs.is_some()), ("cap", cap.is_some())];
        for (field, _) in said.into_iter().filter(|(_, is_said)| *is_said) {
            let problem = "is for tokens that end by the clock, and this provider says when its own do";
            errors.push(ConfigError::meaning(variable, Some(field), problem, "no such field"));
        }
        return Some(description);
    };
    *known = WallClock { cutoffs: cutoffs.unwrap_or(known.cutoffs), cap: cap.or(known.cap) };
    if known.cap.is_none() && known.cutoffs.iter().all(Option::is_none) {
        let expected = "a time of day at least, or a cap such as \"24h\"";
        errors.push(ConfigError::meaning(
            variable,
            Some("cutoffs"),
            "leaves a token without an end",
            expected,
        ));
    }
    Some(description)
}

fn times(value: &Value, zone: Zone) -> Option<Cutoffs> {
    let mut cutoffs = Cutoffs::default();
    if value.as_array()?.is_empty() {
        return Some(cutoffs);
    }
    let texts: Vec<String> = table::texts(value, CUTOFFS_MAX, |text| time(text, zone).is_some())?;
    for (cutoff, text) in cutoffs.iter_mut().zip(&texts) {
        *cutoff = time(text, zone);
    }
    Some(cutoffs)
}

/// Reads `03:30`.
fn time(text: &str, zone: Zone) -> Option<Cutoff> {
    let two = |text: &str, below: u8| {
        let number = (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)?;
        number.parse().ok().filter(|number| *number < below)
    };
    let (hour, minute) = text.split_once(':')?;
    Some(Cutoff::at(two(hour, 24)?, two(minute, 60)?, zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_as_clocks_show_it() {
        for (text, hour, minute) in [("00:00", 0, 0), ("03:30", 3, 30), ("23:59", 23, 59)] {
            assert_eq!(time(text, Zone::INDIA), Some(Cutoff::at(hour, minute, Zone::INDIA)));
        }
        for wrong in ["", "3:30", "03:3", "24:00", "12:60", "+3:30", "0330", "03:30:00", " 03:30", "٠٣:30"]
        {
            assert_eq!(time(wrong, Zone::INDIA), None, "{wrong}");
        }
    }
}
