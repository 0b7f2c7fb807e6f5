import { type Kysely, sql, type Transaction } from "kysely";
import { AppError } from "../errors/app-error.ts";

export type Engine = "sqlite" | "postgres";

/** One step forward. Use column types both engines know: text, integer, bigint, double precision. */
export interface Migration {
  // A migration is older than every table type, so it sees an untyped database, as in Kysely's own interface.
  // oxlint-disable-next-line typescript/no-explicit-any
  up(db: Kysely<any>, engine: Engine): Promise<void>;
}

/** The migrations of one owner (core, or a server's id), run in the order of their names. */
export interface MigrationSet {
  owner: string;
  migrations: Record<string, Migration>;
}

interface MigrationTables {
  sophia_migrations: { owner: string; name: string; applied_at: number };
}

export interface MigrateOptions {
  db: Kysely<MigrationTables>;
  engine: Engine;
  sets: readonly MigrationSet[];
  /** Called under the lock, before tables that hold data are changed. */
  backUp(): void;
}

/** Any fixed number: the PostgreSQL advisory lock that lets one process migrate at a time. */
const migrationLockId = 7_226_041_155;

/** Brings the tables up to date, once, however many processes start together. Refuses a database newer than the code. */
export async function migrate(options: MigrateOptions): Promise<void> {
  const { db, engine, sets } = options;
  await db.transaction().execute(async (tx) => {
    if (engine === "postgres") await sql`select pg_advisory_xact_lock(${migrationLockId}::bigint)`.execute(tx);
    await tx.schema
      .createTable("sophia_migrations")
      .ifNotExists()
      .addColumn("owner", "text", (column) => column.notNull())
      .addColumn("name", "text", (column) => column.notNull())
      .addColumn("applied_at", "bigint", (column) => column.notNull())
      .addPrimaryKeyConstraint("sophia_migrations_key", ["owner", "name"])
      .execute();
    const applied = await tx.selectFrom("sophia_migrations").select(["owner", "name"]).execute();
    const plans = sets.map((set) => planMigrations(set, applied));
    if (plans.some((plan) => plan.changesData)) options.backUp();
    for (const plan of plans) await applyMigrations(tx, engine, plan);
  });
}

interface MigrationPlan {
  set: MigrationSet;
  pending: string[];
  changesData: boolean;
}

function planMigrations(set: MigrationSet, applied: readonly { owner: string; name: string }[]): MigrationPlan {
  const done = new Set(applied.filter((row) => row.owner === set.owner).map((row) => row.name));
  const unknown = [...done].filter((name) => !Object.hasOwn(set.migrations, name));
  if (unknown.length > 0) {
    throw new AppError(
      "not_configured",
      `The database is newer than this version of Sophia (${set.owner} ${unknown[0]}).`,
      {
        hint: "Start the version that wrote it, or restore the copy made before the upgrade (folder backups in the data directory).",
      },
    );
  }
  const pending = Object.keys(set.migrations)
    .filter((name) => !done.has(name))
    .toSorted();
  return { set, pending, changesData: done.size > 0 && pending.length > 0 };
}

async function applyMigrations(tx: Transaction<MigrationTables>, engine: Engine, plan: MigrationPlan): Promise<void> {
  for (const name of plan.pending) {
    await plan.set.migrations[name]?.up(tx, engine);
    await tx.insertInto("sophia_migrations").values({ owner: plan.set.owner, name, applied_at: Date.now() }).execute();
  }
}

/** True when a start can skip the lock: every migration is there and none is unknown. */
export async function isUpToDate(db: Kysely<MigrationTables>, sets: readonly MigrationSet[]): Promise<boolean> {
  const applied = await db.selectFrom("sophia_migrations").select(["owner", "name"]).execute();
  return sets.every((set) => planMigrations(set, applied).pending.length === 0);
}
