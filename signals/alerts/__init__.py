"""Which alerts are active: alert rules evaluated here, an Alertmanager, and the templates of annotations."""
