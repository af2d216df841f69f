//! A seeded simulator of the exchange: hundreds of devices, a workload, engine faults, and an auditor with a model of its own.

pub mod ladder;
