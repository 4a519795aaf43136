//! `glimpsed subscribe`: the results of a running daemon, in the terminal or as lines, across its restarts.

mod cameras;
mod client;
mod reader;
mod text;

pub use client::run;
