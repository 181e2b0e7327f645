//! The network of a month, as the table in `tests/sim/README.md` has it.

use crate::chance::Chance;
use crate::network::{Freight, Link, Parcel, Rule, Verdict};

/// An ordinary month.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Season;

/// How many answers in a million are lost between Worker and tab,
const LOST_AT_TABS: u32 = 3_000;
/// and in the half minute after a wake.
const LOST_AFTER_WAKE: u32 = 50_000;
/// How many answers in a million are lost between authorization server and Worker.
const LOST_FROM_SERVER: u32 = 200;
/// How many answers in a million take longer than five seconds.
const SLOW: u32 = 5_000;

impl Rule for Season {
    fn judge(&mut self, parcel: &Parcel, chance: &mut Chance) -> Verdict {
        let lost = match parcel.link {
            Link::FromWorker if parcel.woke => LOST_AFTER_WAKE,
            Link::FromWorker => LOST_AT_TABS,
            Link::FromServer => LOST_FROM_SERVER,
            Link::ToServer if parcel.sick => {
                return Verdict::Deliver(chance.between(4_500, 37_000));
            }
            Link::ToServer => return Verdict::Deliver(chance.between(5, 20)),
            Link::ToWorker
            | Link::ToRotator
            | Link::FromRotator
            | Link::ToEscrow
            | Link::FromEscrow
            | Link::Channel => return Verdict::Pass,
        };
        if chance.per_million(lost) {
            // A browser ends the silence of a call itself.
            let noticed = (chance.permille(600) || parcel.freight == Freight::Call)
                .then(|| chance.between(100, 20_000));
            return Verdict::Drop { noticed };
        }
        let slow = chance.per_million(SLOW);
        if parcel.link == Link::FromServer {
            return Verdict::Deliver(if slow {
                chance.between(5_000, 37_000)
            } else if chance.permille(5) {
                chance.between(700, 5_000)
            } else {
                chance.between(40, 680)
            });
        }
        if slow { Verdict::Deliver(chance.between(5_000, 20_000)) } else { Verdict::Pass }
    }
}
