//! quick trial
use everlit_tests_model::{flaw::Flaw, search::*, server::Kind, world::*};
fn main() {
    let a: Vec<u32> = std::env::args().skip(1).filter_map(|x| x.parse().ok()).collect();
    let b = Bound {
        tabs: a[0] as usize,
        rotations: a[1],
        crashes: a[2] as u8,
        faults: a[3] as u8,
        twice: a[4] as u8,
        endings: a[5] as u8,
    };
    let _ = Flaw::ALL;
    for kind in Kind::ALL {
        if a.len() > 6 && Kind::ALL[a[6] as usize] != kind {
            continue;
        }
        let setup = Setup { kind, bound: b, flaw: None };
        let s = explore(&setup, Until::Seen(20_000_000));
        println!(
            "{:40} {} states {} steps depth {} complete {} {:?}",
            kind.as_str(),
            s.states,
            s.steps,
            s.depth,
            s.complete,
            s.took
        );
        for b in s.breaches {
            println!("{:?}", b.broken);
            for (a, w) in b.trace {
                println!(
                    "  {a:?} {}",
                    w.map(|w| format!("{:?}", w.now.as_millis() - 1_790_000_000_000)).unwrap_or_default()
                );
            }
        }
    }
}
