"""A board in the browser: a thin server over the engine, and pages that need no build step."""
