//! Every bound of the core, by name and with its unit.

/// Variables of one connection.
pub const VARS_MAX: usize = 50;
/// Octets of one variable's name.
pub const VAR_NAME_LEN_MAX: usize = 128;
/// Octets of one variable's value.
pub const VAR_VALUE_LEN_MAX: usize = 1_024;
/// Named values of one call.
pub const CUSTOM_MAX: usize = 50;
/// Octets of a call's correlator data.
pub const CORRELATOR_LEN_MAX: usize = 1_024;
/// Octets of an account code.
pub const ACCOUNT_CODE_LEN_MAX: usize = 32;
/// Idempotency keys that are remembered.
pub const KEYS_MAX: usize = 100_000;
/// How long a key is remembered, in milliseconds.
pub const KEY_LIFE_MS: u64 = 24 * 3_600_000;
/// Octets of a key.
pub const KEY_LEN_MAX: usize = 255;
/// Ended connections of which it is still known that they were there.
pub const TOMBSTONES_MAX: usize = 10_000;
/// How long that is known, in milliseconds.
pub const TOMBSTONE_LIFE_MS: u64 = 60_000;
/// Contacts of one device that the picture shows.
pub const CONTACTS_MAX: usize = 16;
/// The longest ring time a command may ask for, in milliseconds.
pub const RING_MS_MAX: u64 = 600_000;
/// The longest deadline of a deferred reply, in milliseconds.
pub const REPLY_DEADLINE_MS_MAX: u64 = 600_000;
/// Octets of a name that is shown.
pub const NAME_LEN_MAX: usize = 128;
/// Beginnings of numbers that one device may not call.
pub const BARRED_MAX: usize = 64;
/// Devices of one tenant.
pub const DEVICES_MAX: usize = 200_000;
/// Directory numbers of one tenant.
pub const EXTENSIONS_MAX: usize = 200_000;
