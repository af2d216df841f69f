//! The door in front of an exchange that a test plays: one that takes orders and says nothing, and one that is gone.

mod link;
