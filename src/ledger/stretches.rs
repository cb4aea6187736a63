//! Sets of half-open stretches of Unix seconds.

/// `[start, end)` in Unix seconds.
pub type Stretch = (i64, i64);

/// Sorted, without overlaps; touching stretches are joined.
#[must_use]
pub fn union(mut stretches: Vec<Stretch>) -> Vec<Stretch> {
    stretches.retain(|(start, end)| start < end);
    stretches.sort_unstable();
    let mut joined: Vec<Stretch> = Vec::with_capacity(stretches.len());
    for (start, end) in stretches {
        match joined.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => joined.push((start, end)),
        }
    }
    joined
}

/// The parts of `from` that are not in `taken`; `taken` must be a [`union`].
#[must_use]
pub fn minus(from: Stretch, taken: &[Stretch]) -> Vec<Stretch> {
    let (mut start, end) = from;
    let mut rest = Vec::new();
    let first = taken.partition_point(|(_, taken_end)| *taken_end <= start);
    for &(taken_start, taken_end) in &taken[first..] {
        if taken_start >= end {
            break;
        }
        if taken_start > start {
            rest.push((start, taken_start));
        }
        start = start.max(taken_end);
    }
    if start < end {
        rest.push((start, end));
    }
    rest
}

/// The parts of the stretches that are not in `taken`; `taken` must be a [`union`].
#[must_use]
pub fn less(list: &[Stretch], taken: &[Stretch]) -> Vec<Stretch> {
    list.iter().flat_map(|part| minus(*part, taken)).collect()
}

/// The parts of the stretches that are in `with` too; `with` must be a [`union`].
#[must_use]
pub fn common(list: &[Stretch], with: &[Stretch]) -> Vec<Stretch> {
    less(list, &less(list, with))
}

/// The first `seconds` of the stretches, in their order.
#[must_use]
pub fn take(stretches: &[Stretch], mut seconds: u64) -> Vec<Stretch> {
    let mut taken = Vec::new();
    for &(start, end) in stretches {
        let length = u64::try_from(end - start).unwrap_or(0).min(seconds);
        if length == 0 {
            continue;
        }
        taken.push((start, start + i64::try_from(length).unwrap_or(0)));
        seconds -= length;
    }
    taken
}

/// Their lengths added up.
#[must_use]
pub fn seconds(stretches: &[Stretch]) -> u64 {
    stretches.iter().map(|(start, end)| u64::try_from(end - start).unwrap_or(0)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_operations() {
        assert_eq!(union(vec![(5, 7), (0, 2), (2, 3), (6, 9), (4, 4)]), [(0, 3), (5, 9)]);
        assert_eq!(minus((0, 10), &[(-5, 1), (3, 4), (8, 20)]), [(1, 3), (4, 8)]);
        assert_eq!(minus((0, 10), &[(0, 10)]), []);
        assert_eq!(minus((0, 10), &[]), [(0, 10)]);
        assert_eq!(take(&[(0, 2), (5, 9)], 4), [(0, 2), (5, 7)]);
        assert_eq!(seconds(&[(0, 2), (5, 7)]), 4);
    }
}
