//! Mutations of an input, drawn from a seeded generator. Aimed at text protocols with lengths and numbers in them, and
//! at binary headers; no notion of what an input means.

/// No mutated input is longer: 64 KiB, the largest datagram.
pub const INPUT_BYTES_MAX: usize = 65_535;
/// At most so many mutations are laid over each other.
const MUTATIONS_MAX: u64 = 6;

/// Pieces that decoders have been seen to stumble over.
const TOKENS: [&[u8]; 22] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b" ",
    b":",
    b";",
    b",",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"%",
    b"%0",
    b"=",
    b"{",
    b"[",
    b"&#x0;",
    b"99999999999999999999",
    b"-1",
    b"4294967296",
    b"\xff\xfe",
];

/// splitmix64: small, seeded, good enough to choose mutations with.
pub struct Dice(u64);

impl Dice {
    /// Equal seeds throw equal numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: usize) -> usize {
        if bound == 0 { 0 } else { (self.throw() % bound as u64) as usize }
    }
}

/// One input made from the corpus: an entry, changed one to six times.
pub fn mutate(corpus: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut input = match corpus.len() {
        0 => Vec::new(),
        entries => corpus[dice.below(entries)].clone(),
    };
    for _ in 0..=dice.throw() % MUTATIONS_MAX {
        change(&mut input, corpus, dice);
        input.truncate(INPUT_BYTES_MAX);
    }
    input
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(input.len() + 1);
    let span = at..(at + 1 + dice.below(32)).min(input.len()).max(at);
    match dice.below(11) {
        0 => flip_bit(input, dice),
        1 => set_byte(input, dice),
        2 => drop(input.drain(span)),
        3 => {
            let copy = input[span].to_vec();
            insert(input, at, &copy.repeat(1 + dice.below(64)));
        }
        4 => insert(input, at, TOKENS[dice.below(TOKENS.len())]),
        5 => {
            let token = TOKENS[dice.below(TOKENS.len())];
            input.splice(span, token.iter().copied());
        }
        6 => input.truncate(at),
        7 => splice_other(input, at, corpus, dice),
        8 => swap_lines(input, dice),
        9 => replace_number(input, dice),
        _ => {
            let noise: Vec<u8> = (0..dice.below(16)).map(|_| dice.throw() as u8).collect();
            insert(input, at, &noise);
        }
    }
}

fn flip_bit(input: &mut [u8], dice: &mut Dice) {
    let at = dice.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << dice.below(8);
    }
}

fn set_byte(input: &mut [u8], dice: &mut Dice) {
    let at = dice.below(input.len());
    if let Some(byte) = input.get_mut(at) {
        *byte = [0, 0x20, 0x7f, 0x80, 0xff, dice.throw() as u8][dice.below(6)];
    }
}

fn insert(input: &mut Vec<u8>, at: usize, piece: &[u8]) {
    let room = INPUT_BYTES_MAX.saturating_sub(input.len());
    input.splice(at..at, piece.iter().take(room).copied());
}

/// The head of this input, then the tail of another.
fn splice_other(input: &mut Vec<u8>, at: usize, corpus: &[Vec<u8>], dice: &mut Dice) {
    if corpus.is_empty() {
        return;
    }
    let other = &corpus[dice.below(corpus.len())];
    input.truncate(at);
    input.extend_from_slice(&other[dice.below(other.len() + 1)..]);
}

fn swap_lines(input: &mut Vec<u8>, dice: &mut Dice) {
    let mut lines: Vec<&[u8]> = input.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.len() > 1 {
        let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
        lines.swap(a, b);
        *input = lines.concat();
    }
}

/// A run of digits becomes another number: lengths, counts and ports that lie.
fn replace_number(input: &mut Vec<u8>, dice: &mut Dice) {
    let starts: Vec<usize> = (0..input.len())
        .filter(|&at| input[at].is_ascii_digit() && (at == 0 || !input[at - 1].is_ascii_digit()))
        .collect();
    let Some(&start) = starts.get(dice.below(starts.len())) else { return };
    let end = start + input[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = match dice.below(5) {
        0 => "0".to_owned(),
        1 => (u64::from(u32::MAX) + dice.throw() % 3).to_string(),
        2 => u64::MAX.to_string(),
        3 => "1".repeat(40),
        _ => (dice.throw() % 100_000).to_string(),
    };
    input.splice(start..end, number.bytes());
}

/// FNV-1a, to name a failing input.
pub fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_make_equal_inputs() {
        let corpus = [b"INVITE sip:a SIP/2.0\r\nContent-Length: 12\r\n\r\n".to_vec(), b"OPTIONS".to_vec()];
        let make = |seed| {
            let mut dice = Dice::new(seed);
            (0..500).map(|_| mutate(&corpus, &mut dice)).collect::<Vec<_>>()
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
        let changed = make(7).iter().filter(|input| !corpus.contains(input)).count();
        assert!(changed > 400, "only {changed} of 500 were changed");
    }

    #[test]
    fn inputs_stay_bounded_and_an_empty_corpus_is_enough() {
        let mut dice = Dice::new(1);
        let long = [vec![b'7'; INPUT_BYTES_MAX]];
        assert!((0..300).all(|_| mutate(&long, &mut dice).len() <= INPUT_BYTES_MAX));
        assert!((0..300).any(|_| !mutate(&[], &mut dice).is_empty()));
    }
}
