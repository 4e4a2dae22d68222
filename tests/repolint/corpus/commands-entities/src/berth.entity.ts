import { Entity } from 'typeorm';

@Entity('berths')
export class Berth {}

@Entity({ name: 'harbour_dues', schema: 'public' })
export class Due {}
