//! Tones: made, and measured in frequency and level, in samples of G.711's rate.

use std::f64::consts::TAU;

/// Samples a second of G.711.
pub const RATE: usize = 8_000;
/// How far the level may be off, in decibels: G.711 itself rounds by a tenth.
const LEVEL_DB: f64 = 0.5;
/// How loud a tone that is not there may seem, in decibels below the one that is.
const OTHER_DB: f64 = -30.0;

/// A tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Its frequency, in hertz.
    pub hz: f64,
    /// Its amplitude, of 32,767.
    pub amplitude: f64,
}

impl Tone {
    /// The sample at this place.
    pub fn sample(self, place: usize) -> i16 {
        (self.amplitude * (TAU * self.hz * place as f64 / RATE as f64).sin()).round() as i16
    }

    /// How these samples differ from this tone and no other; none: they do not.
    pub fn mismatch(self, samples: &[f64], other_hz: f64) -> Option<String> {
        let level_db = 20.0 * (amplitude_at(samples, self.hz) / self.amplitude).log10();
        if level_db.is_nan() || level_db.abs() >= LEVEL_DB {
            return Some(format!("{} Hz came {level_db:.2} dB off", self.hz));
        }
        let other_db = 20.0 * (amplitude_at(samples, other_hz) / self.amplitude).log10();
        (other_db >= OTHER_DB).then(|| format!("{other_hz} Hz is heard at {other_db:.2} dB"))
    }

    /// These samples are this tone and no other.
    #[track_caller]
    pub fn assert_is(self, samples: &[f64], other_hz: f64) {
        assert_eq!(self.mismatch(samples, other_hz), None);
    }
}

/// The amplitude of one frequency (one bin of a discrete Fourier transform).
pub fn amplitude_at(samples: &[f64], hz: f64) -> f64 {
    let step = TAU * hz / RATE as f64;
    let (real, imaginary) = samples.iter().enumerate().fold((0.0, 0.0), |(re, im), (n, sample)| {
        let angle = step * n as f64;
        (re + sample * angle.cos(), im + sample * angle.sin())
    });
    2.0 * f64::hypot(real, imaginary) / samples.len() as f64
}
