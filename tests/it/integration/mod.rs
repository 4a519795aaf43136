//! Tests against other programs: they need packages that building and running glimpsed does not. `make test-integration` installs
//! these and runs them; `make test` leaves them out.

mod network;
mod quantize;
