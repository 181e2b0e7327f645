use everlit_sim::{plan::Plan, world::World};
fn main() {
    let n: u64 = std::env::args().nth(1).unwrap().parse().unwrap();
    let t = std::time::Instant::now();
    for k in 0..3 {
        let mut s = everlit_sim::report::Tally::default();
        let mut bad = vec![];
        for seed in (k..n).step_by(3) {
            let r = World::month(Plan::month(seed), 30);
            if r.tally.lost_to_user > 0 { bad.push((seed, r.tally.lost_to_user)); }
            if let Some(b) = r.breach { println!("{b}"); }
            s = s.plus(&r.tally);
        }
        println!("{k} {s:#?} bad {bad:?}");
    }
    let e = t.elapsed().as_secs_f64();
    println!("{e} s, {} tab-days/s", n as f64 * 90.0 / e);
}
