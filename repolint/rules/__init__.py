"""One file a rule, named after its id; each holds its `RULE`, which `repolint.registry` finds. No rule knows another: what two need is a fact."""
