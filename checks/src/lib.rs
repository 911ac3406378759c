//! Checks over the whole product: browser to badge, crash, documents; and the demo.
