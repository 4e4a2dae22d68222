"""The audit for secrets: `audit.audit` looks, `verdicts.decide` keeps a person's word; no value leaves this package."""
