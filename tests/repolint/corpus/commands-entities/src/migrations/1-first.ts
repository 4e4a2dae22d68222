import { MigrationInterface, Table } from 'typeorm';

export class First implements MigrationInterface {
  async up(runner) {
    await runner.query(`CREATE TABLE IF NOT EXISTS "audit_logs" (id uuid)`);
    await runner.createTable(new Table({ name: 'moorings', columns: [] }));
  }
}
