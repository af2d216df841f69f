//! Directory filter patterns (FUS-FMT-07).

/// How a pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wildcards {
    /// It may stand anywhere in the field.
    Anywhere,
    /// It is the whole field.
    Strict,
    /// It is the whole field, and `*` is another spelling of `%`.
    Translate,
}

impl Wildcards {
    /// The mode of this name; any other is as if none were given.
    #[must_use]
    pub fn named(name: &str) -> Self {
        match name {
            "strict" => Self::Strict,
            "translate" => Self::Translate,
            _ => Self::Anywhere,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Any,
    One,
    Char(char),
}

/// A pattern, ready to be held against fields.
pub struct Pattern {
    tokens: Vec<Token>,
    /// Tokens that need a character.
    least: usize,
}

impl Pattern {
    /// Reads a pattern as a client wrote it.
    #[must_use]
    pub fn new(text: &str, wildcards: Wildcards) -> Self {
        let whole = wildcards != Wildcards::Anywhere;
        let mut tokens = Vec::new();
        let mut push = |token: Token| {
            if !(token == Token::Any && tokens.last() == Some(&Token::Any)) {
                tokens.push(token);
            }
        };
        if !whole {
            push(Token::Any);
        }
        let mut chars = text.chars().flat_map(char::to_lowercase).peekable();
        while let Some(c) = chars.next() {
            let escaped = c == '\\' && chars.peek().is_some_and(|next| matches!(next, '%' | '_' | '*' | '\\'));
            match c {
                '\\' if escaped => chars.next().into_iter().for_each(|c| push(Token::Char(c))),
                '%' => push(Token::Any),
                '*' if wildcards == Wildcards::Translate => push(Token::Any),
                '_' => push(Token::One),
                c => push(Token::Char(c)),
            }
        }
        if !whole {
            push(Token::Any);
        }
        let least = tokens.iter().filter(|token| **token != Token::Any).count();
        Self { tokens, least }
    }

    /// Whether a field matches. Takes at most the product of both lengths.
    #[must_use]
    pub fn matches(&self, field: &str) -> bool {
        let field: Vec<char> = field.chars().flat_map(char::to_lowercase).collect();
        if self.least > field.len() {
            return false;
        }
        let (mut token, mut at) = (0, 0);
        // Where to go on when what follows the last run did not match: one character more for the run.
        let mut retry: Option<(usize, usize)> = None;
        while at < field.len() {
            match self.tokens.get(token) {
                Some(Token::Any) => {
                    retry = Some((token, at));
                    token += 1;
                }
                Some(Token::One) => (token, at) = (token + 1, at + 1),
                Some(Token::Char(c)) if *c == field[at] => (token, at) = (token + 1, at + 1),
                Some(Token::Char(_)) | None => match retry {
                    Some((run, from)) => {
                        retry = Some((run, from + 1));
                        (token, at) = (run + 1, from + 1);
                    }
                    None => return false,
                },
            }
        }
        self.tokens[token..].iter().all(|token| *token == Token::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(mode: &str, pattern: &str) -> Vec<&'static str> {
        let pattern = Pattern::new(pattern, Wildcards::named(mode));
        ["067", "671", "672", "555"].into_iter().filter(|ext| pattern.matches(ext)).collect()
    }

    #[test]
    fn the_worked_table_of_the_guide() {
        let all = ["067", "671", "672"];
        for (mode, pattern, expected) in [
            ("", "67", &all[..]),
            ("", "67%", &all),
            ("", "6_", &all),
            ("", "_67", &["067"]),
            ("", "5", &["555"]),
            ("", "67*", &[]),
            ("strict", "67", &[]),
            ("strict", "67%", &["671", "672"]),
            ("strict", "%67", &["067"]),
            ("strict", "%67%", &all),
            ("strict", "67_", &["671", "672"]),
            ("strict", "_67", &["067"]),
            ("strict", "671", &["671"]),
            ("strict", "67*", &[]),
            ("translate", "67*", &["671", "672"]),
            ("translate", "67%", &["671", "672"]),
            ("translate", "*7*", &all),
            ("translate", "6*2", &["672"]),
            ("translate", "67", &[]),
            ("translate", "*", &["067", "671", "672", "555"]),
            ("other", "67", &all),
        ] {
            assert_eq!(found(mode, pattern), expected, "{mode} {pattern}");
        }
    }

    #[test]
    fn case_does_not_matter_and_a_backslash_takes_the_meaning() {
        let holds =
            |mode: &str, pattern: &str, field: &str| Pattern::new(pattern, Wildcards::named(mode)).matches(field);
        assert!(holds("strict", "jOHN%É", "John Doé"));
        assert!(holds("strict", "50\\%", "50%") && !holds("strict", "50\\%", "50x"));
        assert!(holds("strict", "a\\_b", "a_b") && !holds("strict", "a\\_b", "axb"));
        assert!(holds("translate", "\\*", "*") && !holds("translate", "\\*", "x"));
        assert!(holds("strict", "a\\\\%", "a\\b"));
        assert!(holds("strict", "a\\b", "a\\b"), "before any other character it is itself");
        assert!(holds("strict", "%a%b%", "xxaxxbxx") && !holds("strict", "%a%b%", "bbaa"));
        assert!(holds("strict", "%", "") && !holds("strict", "_", ""));
    }

    #[test]
    fn a_hostile_pattern_costs_little() {
        let field = "a".repeat(4_000);
        let pattern = Pattern::new(&"%a_".repeat(1_300), Wildcards::Strict);
        assert!(pattern.matches(&field));
        assert!(!Pattern::new(&format!("{}b", "%a".repeat(2_000)), Wildcards::Strict).matches(&field));
    }
}
