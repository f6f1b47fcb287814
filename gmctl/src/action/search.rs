//! Finding an action by what somebody types of its name.

use super::table::{ROWS, Row};

/// The actions that a text in the palette may mean, the best first: those whose name begins with
/// it, then those that contain its letters in order.
pub fn find(text: &str) -> Vec<&'static Row> {
    let wanted = text.trim().to_lowercase();
    let mut found: Vec<(usize, &Row)> =
        ROWS.iter().filter_map(|row| Some((distance(&wanted, row.name)?, row))).collect();
    found.sort_by_key(|(distance, _)| *distance);
    found.into_iter().map(|(_, row)| row).collect()
}

/// What a text in the palette asks for: the actions it may mean, and what follows the name of the
/// one that takes something: `at 12:02:50`.
pub fn asked(text: &str) -> (Vec<&'static Row>, &str) {
    let text = text.trim_start();
    let named = ROWS
        .iter()
        .filter(|row| !row.argument.is_empty())
        .filter_map(|row| Some((row, text.strip_prefix(row.name)?)))
        .find(|(_, rest)| rest.starts_with(' '));
    match named {
        Some((row, rest)) => (vec![row], rest.trim()),
        None => (find(text), ""),
    }
}

/// What was typed behind the name of the action, as it was typed; none before its name and a space.
pub fn behind<'a>(row: &Row, text: &'a str) -> Option<&'a str> {
    text.trim_start().strip_prefix(row.name)?.strip_prefix(' ')
}

/// How far the letters of `wanted` are spread in `name`; none if they are not all there in order.
fn distance(wanted: &str, name: &str) -> Option<usize> {
    let mut spread = 0;
    let mut rest = name.char_indices();
    let mut last = None;
    for letter in wanted.chars().filter(|c| !c.is_whitespace()) {
        let (place, _) = rest.find(|(_, c)| *c == letter)?;
        spread += last.map_or(place * 2, |last: usize| place - last - 1);
        last = Some(place);
    }
    Some(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_name_is_what_it_takes() {
        let asked = |text| {
            let (rows, rest) = asked(text);
            (rows.first().map(|row| row.name), rest)
        };
        assert_eq!(asked("at 12:02:50"), (Some("at"), "12:02:50"));
        assert_eq!(asked(" node add http://h:1 "), (Some("node add"), "http://h:1"));
        assert_eq!(asked("write"), (Some("write"), ""));
        assert_eq!(asked("hold"), (Some("hold"), ""));
        let leave = find("leave")[0];
        assert_eq!(behind(leave, " leave payments "), Some("payments "));
        assert_eq!(behind(leave, "leave"), None);
    }

    #[test]
    fn the_nearest_name_comes_first() {
        for (text, first) in
            [("ho", "hold"), ("lea", "leave"), ("lead", "leader transfer"), ("tl", "timeline")]
        {
            assert_eq!(find(text).first().map(|row| row.name), Some(first), "{text}");
        }
        assert_eq!(find("").len(), ROWS.len());
        assert!(find("zzz").is_empty());
    }
}
