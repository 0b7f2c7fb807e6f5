import { hash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Secret } from "../config/secret.ts";
import type { CoreTables } from "../store/core-tables.ts";
import type { Engine, Store } from "../store/store.ts";
import { startScript } from "../testing/child-script.ts";
import { startEngine, type StoreEngine, type StorePlace } from "../testing/store-engines.ts";
import { createVirtualClock, type VirtualClock } from "../testing/virtual-clock.ts";
import { createTokens, type Tokens } from "./tokens.ts";

interface Setting {
  tokens: Tokens;
  /** Another server's view of the same store. */
  elsewhere: Tokens;
  clock: VirtualClock;
  store: Store<CoreTables>;
  place: StorePlace;
}

describe.each<Engine>(["sqlite", "postgres"])("tokens on %s", (engine) => {
  let engines: StoreEngine | undefined;
  beforeAll(async () => {
    engines = await startEngine(engine);
  });
  afterAll(() => engines?.stop());

  const withTokens =
    (work: (setting: Setting) => Promise<void>) =>
    async ({ skip }: { skip(condition: boolean, note: string): void }) => {
      skip(!engines, `no ${engine} on this machine`);
      if (!engines) return;
      const place = await engines.createPlace();
      const store = await engines.open(place);
      const clock = createVirtualClock();
      await work({
        tokens: createTokens({ store, clock }),
        elsewhere: createTokens({ store, clock }),
        clock,
        store,
        place,
      });
    };

  test(
    "gives a bearer that scanners can find, and keeps only its hash",
    withTokens(async ({ tokens, store }) => {
      const { id, bearer } = await tokens.create({ name: "cursor", server: "ai", scopes: ["write", "read"] });
      expect(bearer).toMatch(/^sophia_ai_[\w-]{43}$/);
      expect(await tokens.authenticate(bearer, "ai")).toEqual({ id, name: "cursor", scopes: ["read", "write"] });
      const rows = JSON.stringify(await store.db.selectFrom("tokens").selectAll().execute());
      expect(rows).toContain(hash("sha256", bearer));
      expect(rows).not.toContain(bearer.slice(10, 22));
      expect(JSON.stringify(await tokens.list())).not.toContain(hash("sha256", bearer));
    }),
  );

  test(
    "refuses no, wrong, near-miss, expired, revoked and sibling bearers (fault 100)",
    withTokens(async ({ tokens, clock }) => {
      const { bearer } = await tokens.create({ name: "a", server: "ai", scopes: ["read"] });
      const expiring = { name: "b", server: "*", scopes: ["read"] as const, expiresAt: clock.now() + 5_000 };
      const { bearer: short } = await tokens.create(expiring);
      const last = bearer.at(-1) === "A" ? "B" : "A";
      const wrong = [
        "",
        " ",
        "sophia_ai_",
        bearer.slice(0, -1),
        `${bearer.slice(0, -1)}${last}`,
        `${bearer} `,
        bearer.toUpperCase(),
      ];
      for (const text of wrong) expect(await tokens.authenticate(text, "ai"), text).toBeUndefined();
      expect(await tokens.authenticate(bearer, "bi")).toBeUndefined();
      expect(await tokens.authenticate(bearer, "ai")).toBeDefined();
      expect(await tokens.authenticate(short, "bi")).toBeDefined();
      await clock.advance(5_000);
      expect(await tokens.authenticate(short, "bi")).toBeUndefined();
      await tokens.revoke("a");
      expect(await tokens.authenticate(bearer, "ai")).toBeUndefined();
    }),
  );

  test(
    "lets a revocation and a new token show in another process within a second",
    withTokens(async ({ tokens, elsewhere, clock }) => {
      const { id, bearer } = await tokens.create({ name: "a", server: "*", scopes: ["read"] });
      expect(await elsewhere.authenticate(bearer, "ai")).toBeDefined();
      await tokens.revoke(id);
      await clock.advance(1_000);
      expect(await elsewhere.authenticate(bearer, "ai")).toBeUndefined();
      const { bearer: fresh } = await tokens.create({ name: "b", server: "*", scopes: ["read"] });
      await clock.advance(100);
      expect(await elsewhere.authenticate(fresh, "ai")).toBeDefined();
      await expect(tokens.revoke(id)).rejects.toMatchObject({ kind: "not_found" });
      await expect(tokens.revoke("nobody")).rejects.toMatchObject({ kind: "not_found" });
    }),
  );

  test(
    "answers a flood of wrong bearers from memory",
    withTokens(async ({ store, clock }) => {
      let queries = 0;
      const counting = store.db.withPlugin({
        transformQuery: (args) => {
          queries += 1;
          return args.node;
        },
        transformResult: (args) => Promise.resolve(args.result),
      });
      const tokens = createTokens({ store: { ...store, db: counting }, clock });
      for (let index = 0; index < 2_000; index += 1) await tokens.authenticate(`sophia_ai_guess${index}`, "ai");
      expect(queries).toBe(1);
    }),
  );

  test(
    "notes when a token was last used, once a minute",
    withTokens(async ({ tokens, clock }) => {
      const { bearer } = await tokens.create({ name: "a", server: "*", scopes: ["read"] });
      await tokens.authenticate(bearer, "ai");
      const usedAt = clock.now();
      await expect.poll(async () => (await tokens.list())[0]?.lastUsedAt).toBe(usedAt);
      await clock.advance(30_000);
      await tokens.authenticate(bearer, "ai");
      await clock.advance(30_000);
      await tokens.authenticate(bearer, "ai");
      await expect.poll(async () => (await tokens.list())[0]?.lastUsedAt).toBe(usedAt + 60_000);
    }),
  );

  test(
    "takes SOPHIA_TOKEN, drops the one it replaces, and does not revive a revoked one",
    withTokens(async ({ tokens }) => {
      const [first, second] = ["first-token-of-the-operator-0001", "second-token-of-the-operator-001"];
      await tokens.adoptConfigured(new Secret(first));
      await tokens.adoptConfigured(new Secret(first));
      expect(await tokens.list()).toHaveLength(1);
      expect(await tokens.authenticate(first, "bi")).toMatchObject({ scopes: ["read", "write"] });
      await tokens.adoptConfigured(new Secret(second));
      expect(await tokens.authenticate(first, "bi")).toBeUndefined();
      expect(await tokens.authenticate(second, "bi")).toBeDefined();
      await expect(tokens.adoptConfigured(new Secret(first))).rejects.toMatchObject({ kind: "not_configured" });
      await expect(tokens.adoptConfigured(new Secret("short"))).rejects.toMatchObject({ kind: "invalid_input" });
    }),
  );

  test(
    "ends the token of SOPHIA_TOKEN once the variable is unset, brings it back with the variable, but not once revoked",
    withTokens(async ({ tokens, elsewhere, clock }) => {
      const bearer = "first-token-of-the-operator-0001";
      const other = await tokens.create({ name: "cursor", server: "*", scopes: ["read"] });
      await tokens.adoptConfigured(new Secret(bearer));
      // Several servers start at once.
      await Promise.all([tokens, elsewhere, tokens].map((server) => server.adoptConfigured(undefined)));
      expect(await tokens.authenticate(bearer, "ai")).toBeUndefined();
      expect(await tokens.authenticate(other.bearer, "ai")).toBeDefined();
      await clock.advance(60_000);
      await Promise.all([tokens, elsewhere, tokens].map((server) => server.adoptConfigured(new Secret(bearer))));
      expect(await tokens.authenticate(bearer, "ai")).toMatchObject({ name: "SOPHIA_TOKEN" });
      expect(await tokens.list()).toHaveLength(2);
      await tokens.revoke("SOPHIA_TOKEN");
      await expect(tokens.adoptConfigured(new Secret(bearer))).rejects.toMatchObject({ kind: "not_configured" });
    }),
  );

  test(
    "does not lengthen the time of a token that was made by hand and is then configured",
    withTokens(async ({ tokens, clock }) => {
      const expiresAt = clock.now() + 5_000;
      const { bearer } = await tokens.create({ name: "ci", server: "*", scopes: ["read"], expiresAt });
      await tokens.adoptConfigured(new Secret(bearer));
      await clock.advance(5_000);
      expect(await tokens.authenticate(bearer, "ai")).toBeUndefined();
    }),
  );

  test(
    "makes no first caller token where one is configured",
    withTokens(async ({ tokens, place }) => {
      const first = await tokens.ensureFirst(place.dataDir, { hasCaller: true });
      expect(Object.keys(first)).toEqual(["approverBearer"]);
      expect(existsSync(join(place.dataDir, "caller-token"))).toBe(false);
      expect((await tokens.list()).map(({ name }) => name)).toEqual(["first approver"]);
    }),
  );

  test(
    "refuses descriptions that mean nothing",
    withTokens(async ({ tokens }) => {
      const bad = [
        { name: "", server: "ai", scopes: ["read"] },
        { name: "a\u001b[2Jb", server: "ai", scopes: ["read"] },
        { name: "Sophia_Token", server: "ai", scopes: ["read"] },
        { name: "x", server: "AI; --", scopes: ["read"] },
        { name: "x", server: "ai", scopes: [] },
        { name: "x", server: "ai", scopes: ["admin"] },
      ];
      for (const token of bad) {
        await expect(tokens.create(token as never)).rejects.toMatchObject({ kind: "invalid_input" });
      }
    }),
  );

  test(
    "makes the first tokens once, whatever number of processes starts at the same time",
    withTokens(async ({ tokens, place, clock }) => {
      const starters = Array.from({ length: 4 }, () => startScript(starterSource, place));
      const lines = await Promise.all(starters.map((starter) => starter.waitFor("first ")));
      const found = lines.map((line) => JSON.parse(line.slice(6)) as Awaited<ReturnType<Tokens["ensureFirst"]>>);
      const callers = found.flatMap((first) => first.callerBearer ?? []);
      const approvers = found.flatMap((first) => first.approverBearer ?? []);
      expect([callers.length, approvers.length]).toEqual([1, 1]);
      const file = join(place.dataDir, "caller-token");
      expect(readFileSync(file, "utf8").trim()).toBe(callers[0]);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(await tokens.authenticate(callers[0] ?? "", "ai")).toMatchObject({ scopes: ["read", "write"] });
      expect(await tokens.authenticate(approvers[0] ?? "", "ai")).toMatchObject({ scopes: ["read", "approve"] });
      expect(await tokens.ensureFirst(place.dataDir, { hasCaller: false })).toEqual({});
      await tokens.revoke("first caller");
      expect(await tokens.ensureFirst(place.dataDir, { hasCaller: false })).toEqual({});
      expect(await tokens.authenticate(callers[0] ?? "", "ai")).toBeUndefined();
      rmSync(file);
      await clock.advance(1);
      const again = await tokens.ensureFirst(place.dataDir, { hasCaller: false });
      expect(await tokens.authenticate(again.callerBearer ?? "", "ai")).toBeDefined();
    }),
    120_000,
  );
});

const starterSource = `
import { openStoreAt } from ${JSON.stringify(new URL("../testing/store-engines.ts", import.meta.url).href)};
import { systemClock } from ${JSON.stringify(new URL("../limits/clock.ts", import.meta.url).href)};
import { createTokens } from ${JSON.stringify(new URL("./tokens.ts", import.meta.url).href)};
const place = JSON.parse(process.argv.at(-1));
const store = await openStoreAt(place);
const first = await createTokens({ store, clock: systemClock }).ensureFirst(place.dataDir, { hasCaller: false });
process.stdout.write("first " + JSON.stringify(first) + "\\n");
await store.close();
`;
