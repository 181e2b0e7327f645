//! Hashing that is quick, and the same in every run.

use std::hash::Hasher;

/// Multiply and rotate, eight bytes at a time, with a strong finish. Nobody chooses worlds so that they collide.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fast(u64);

const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Fast {
    const fn mix(&mut self, word: u64) {
        let folded = (self.0 ^ word) as u128 * 0xa076_1d64_78bd_642f_e703_7ed1_a0b4_28db_u128 as u64 as u128;
        self.0 = ((folded >> 64) as u64 ^ folded as u64).rotate_left(23).wrapping_add(ODD);
    }
}

impl Hasher for Fast {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let word = chunk.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
            self.mix(word);
        }
        self.mix(bytes.len() as u64);
    }

    fn write_u8(&mut self, word: u8) {
        self.mix(u64::from(word));
    }

    fn write_u32(&mut self, word: u32) {
        self.mix(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn finish(&self) -> u64 {
        let mut last = *self;
        last.mix(ODD);
        last.mix(self.0 >> 32);
        last.0
    }
}

/// What was hashed already.
#[derive(Clone, Copy, Debug, Default)]
pub struct Same(u64);

impl Hasher for Same {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |word, byte| word << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = word;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
