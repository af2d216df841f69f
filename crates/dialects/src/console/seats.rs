//! The devices in something, by which it is seen: few, so that they are kept without an allocation.

use switching::id::DeviceId;

/// As many as an ordinary call has.
const FEW: usize = 2;

/// A set of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seats {
    /// At most [`FEW`], in order; what is not counted is zero.
    Few([DeviceId; FEW], usize),
    /// More, in order, none twice.
    Many(Vec<DeviceId>),
}

impl Seats {
    /// All of them, in order, none twice.
    #[must_use]
    pub fn all(&self) -> &[DeviceId] {
        match self {
            Self::Few(few, count) => &few[..*count],
            Self::Many(many) => many,
        }
    }

    /// Adds one, if it is not there.
    pub fn insert(&mut self, device: DeviceId) {
        let Err(at) = self.all().binary_search(&device) else { return };
        match self {
            Self::Few(few, count) if *count < FEW => {
                few.copy_within(at..*count, at + 1);
                few[at] = device;
                *count += 1;
            }
            Self::Few(..) => {
                let mut many = self.all().to_vec();
                many.insert(at, device);
                *self = Self::Many(many);
            }
            Self::Many(many) => many.insert(at, device),
        }
    }
}

impl Default for Seats {
    fn default() -> Self {
        Self::Few([DeviceId(0); FEW], 0)
    }
}

impl Extend<DeviceId> for Seats {
    fn extend<I: IntoIterator<Item = DeviceId>>(&mut self, devices: I) {
        devices.into_iter().for_each(|device| self.insert(device));
    }
}

impl FromIterator<DeviceId> for Seats {
    fn from_iter<I: IntoIterator<Item = DeviceId>>(devices: I) -> Self {
        let mut seats = Self::default();
        seats.extend(devices);
        seats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_in_order_and_equal_however_it_came_to_be() {
        let seats = |ids: &[u64]| ids.iter().copied().map(DeviceId).collect::<Seats>();
        for (ids, expected) in [
            (&[][..], &[][..]),
            (&[7], &[7]),
            (&[7, 7], &[7]),
            (&[9, 7], &[7, 9]),
            (&[9, 7, 8, 7], &[7, 8, 9]),
            (&[9, 7, 8, 1, 10], &[1, 7, 8, 9, 10]),
        ] {
            assert_eq!(seats(ids).all().iter().map(|id| id.0).collect::<Vec<_>>(), expected);
            assert_eq!(seats(ids), seats(expected));
        }
        assert_ne!(seats(&[1]), seats(&[1, 2]));
    }
}
