//! A row of values as a line of bars. A value that is not known is a gap, never a zero.

use crate::tui::glyphs::Glyphs;

/// The last `width` values, each as a bar of its share of the greatest, at least `full`.
pub fn line(values: &[Option<u64>], width: usize, full: u64, glyphs: &Glyphs) -> String {
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let top = shown.iter().flatten().copied().max().unwrap_or_default().max(full).max(1);
    let steps = u64::try_from(glyphs.spark.len()).unwrap_or(1);
    shown
        .iter()
        .map(|value| match value {
            None => glyphs.gap,
            Some(value) => {
                let step = value.saturating_mul(steps.saturating_sub(1)) / top;
                usize::try_from(step).ok().and_then(|s| glyphs.spark.get(s)).copied().unwrap_or("")
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::{ASCII, UTF8};

    #[test]
    fn bars_grow_with_the_value_and_gaps_stay_gaps() {
        let values = [Some(0), Some(50), None, Some(100)];
        assert_eq!(line(&values, 10, 1, &UTF8), "▁▄ █");
        assert_eq!(line(&values, 2, 1, &UTF8), " █");
        assert_eq!(line(&values, 10, 1_000, &ASCII), "__ _");
        assert_eq!(line(&[], 10, 0, &UTF8), "");
        assert_eq!(line(&[Some(u64::MAX)], 10, 0, &UTF8).chars().count(), 1);
    }
}
