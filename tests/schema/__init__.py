"""schemathesis over the published document, against a running system; `bin/fuzz` is the long form."""
