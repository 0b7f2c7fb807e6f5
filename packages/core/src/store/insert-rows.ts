import type { CompiledQuery, Insertable, InsertQueryBuilder, InsertResult, Kysely, Transaction } from "kysely";
import { setImmediate as nextTurn } from "node:timers/promises";

/** Writes rows of one shape into one table. */
export interface RowInserter<Tables, Row, Answer> {
  /** What the statements answered, in the order of the rows. Between two of them other work has its turn. */
  insert(tx: Transaction<Tables>, rows: readonly Row[]): Promise<Answer[]>;
}

type Build<Tables, Table extends keyof Tables & string, Answer> = (
  insert: InsertQueryBuilder<Tables, Table, InsertResult>,
) => { compile(): CompiledQuery<Answer> };

/** Rows of one statement. More would hold up the event loop for longer than a request takes. */
const sizes = [64, 16, 4, 1];

/**
 * For rows that come by the hundred: Kysely writes the SQL once for each number of rows, because writing it costs more
 * than running it. `columns` names all columns of the table; `build` adds what is to happen on a conflict.
 */
export function createRowInserter<
  Tables,
  Table extends keyof Tables & string,
  Row extends Insertable<Tables[Table]> & object,
  Answer = never,
>(
  db: Kysely<Tables>,
  table: Table,
  { columns, build }: { columns: readonly (keyof Row & string)[]; build?: Build<Tables, Table, Answer> },
): RowInserter<Tables, Row, Answer> {
  const compiled = new Map<number, CompiledQuery<Answer>>();

  function compile(size: number): CompiledQuery<Answer> {
    const known = compiled.get(size);
    if (known) return known;
    const row = Object.fromEntries(columns.map((column) => [column, ""])) as Row;
    const insert = db.insertInto(table).values(Array.from({ length: size }, () => row));
    const query = (build ? build(insert) : insert).compile() as CompiledQuery<Answer>;
    compiled.set(size, query);
    return query;
  }

  return {
    async insert(tx, rows) {
      const answers: Answer[] = [];
      let from = 0;
      for (const size of sizes) {
        for (; rows.length - from >= size; from += size) {
          if (from > 0) await nextTurn();
          const parameters = listValues(rows, columns, { from, size });
          const result = await tx.executeQuery({ ...compile(size), parameters });
          answers.push(...(result.rows as Answer[]));
        }
      }
      return answers;
    },
  };
}

/** Row by row. Without iterators: before the engine has optimised them, they make an object for each value. */
function listValues<Row>(
  rows: readonly Row[],
  columns: readonly (keyof Row & string)[],
  { from, size }: { from: number; size: number },
): unknown[] {
  const values: unknown[] = Array.from({ length: size * columns.length });
  for (let index = 0; index < size; index += 1) {
    const row = rows[from + index] as Row;
    for (let column = 0; column < columns.length; column += 1) {
      values[index * columns.length + column] = row[columns[column] as keyof Row & string];
    }
  }
  return values;
}
