"""Tasks that come with Handoff, each written as an app would write its own."""
