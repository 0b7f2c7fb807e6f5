import type { Client } from "pg";

/** What the session's user may do with everything that is not the system's: `SELECT public.orders`, `USAGE public`, … */
export async function readPrivileges(client: Client): Promise<Set<string>> {
  const { rows } = await client.query<{ privilege: string }>(privilegesSql);
  return new Set(rows.map(({ privilege }) => privilege));
}

// At most 50,000: beyond that the comparison would cost the database more than it is worth.
const privilegesSql = `
  with spaces as (
    select oid, nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
  )
  select each || ' ' || nspname as privilege
    from spaces, unnest(array['USAGE', 'CREATE']) as each where has_schema_privilege(spaces.oid, each)
  union all
  select each || ' ' || nspname || '.' || relname
    from pg_class join spaces on spaces.oid = relnamespace, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as each
    where relkind in ('r', 'p', 'v', 'm', 'f') and has_table_privilege(pg_class.oid, each)
  union all
  select 'OWN ' || nspname || '.' || relname
    from pg_class join spaces on spaces.oid = relnamespace
    where relkind in ('r', 'p', 'v', 'm', 'f', 'S') and pg_has_role(relowner, 'USAGE')
  union all
  select 'USAGE ' || nspname || '.' || relname
    from pg_class join spaces on spaces.oid = relnamespace
    where case when relkind = 'S' then has_sequence_privilege(pg_class.oid, 'USAGE') else false end
  union all
  select 'TEMP or CREATE on the database' where has_database_privilege(current_database(), 'TEMP,CREATE')
  order by 1 limit 50000`;
