use everlit_sim::{plan::Plan, world::World};
fn main() { let seed: u64 = std::env::args().nth(1).unwrap().parse().unwrap(); let r = World::month(Plan::month(seed), 30); println!("{:?}", r.tally.lost_to_user); }
