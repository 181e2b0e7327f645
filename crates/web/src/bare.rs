//! What the standard library would bring.

use core::arch::wasm32;
use core::panic::PanicInfo;

use lol_alloc::{FreeListAllocator, LockedAllocator};

#[global_allocator]
static ALLOCATOR: LockedAllocator<FreeListAllocator> = LockedAllocator::new(FreeListAllocator::new());

/// There is nobody to tell: a trap is what JavaScript sees of it, as an exception.
#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}
