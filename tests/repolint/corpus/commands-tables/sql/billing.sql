-- CREATE TABLE never_made (id int);
CREATE TABLE IF NOT EXISTS billing.invoices (id int, total numeric(10, 2), PRIMARY KEY (id));
CREATE TABLE wards (id int);
CREATE MATERIALIZED VIEW audit.entries AS SELECT 1;
