import { formatEnvironmentId, parseEnvironmentId } from "@sophia/core/secrets/backend/environment-id";
import type { EnvironmentId } from "@sophia/core/secrets/backend/secret-backend";
import type { EscEnvironment } from "@sophia/core/secrets/esc/evaluation";
import { type Leaf, listLeaves } from "@sophia/core/secrets/inspect/list-leaves";
import type { RotationStatus } from "@sophia/core/secrets/rotation/rotation-types";
import { z } from "zod";
import type { SecretDesk, VariableUse } from "./secret-desk.ts";
import { findAges, type ValueAge } from "./value-ages.ts";

/** What may be said of a value without saying the value. */
export const DescribedValue = z.object({
  path: z.string(),
  type: z.enum(["null", "boolean", "number", "string", "list", "object", "any"]).describe("any: only opening tells."),
  secret: z.boolean(),
  definedIn: z.string().describe("The environment whose text defines it."),
  changedAt: z.string().optional().describe("When its definition became what it is, ISO 8601."),
  changedInRevision: z.int().optional().describe("Of the environment in definedIn."),
  ageDays: z.number().optional().describe("Days since then; at least so many when atLeast is true."),
  atLeast: z.boolean().optional(),
  lastRotatedAt: z.string().optional().describe("When a rotation replaced it last, ISO 8601."),
  usedBy: z
    .array(z.object({ variable: z.string(), service: z.string(), servers: z.array(z.string()) }))
    .describe("Sophia's variables that this value is for, the service they belong to and the servers that read them."),
});
export type DescribedValue = z.infer<typeof DescribedValue>;

const dayMs = 86_400_000;
/** Histories of imports are read as well; a hierarchy has a handful. */
const maximumHistories = 16;
const variablesPath = "environmentVariables.";

/** Every value of an environment by path. */
export async function describeValues(
  desk: SecretDesk,
  { id, environment, nowMs }: { id: EnvironmentId; environment: EscEnvironment; nowMs: number },
): Promise<DescribedValue[]> {
  const own = formatEnvironmentId(id);
  const leaves = listLeaves(environment).map((leaf) => ({ leaf, definedIn: findDefiner(leaf, own) }));
  const places = [...Map.groupBy(leaves, ({ definedIn }) => definedIn)].slice(0, maximumHistories);
  const found = await Promise.all(
    places.map(([name, group]) =>
      readPlace(
        desk,
        name,
        group.map(({ leaf }) => leaf.path),
      ),
    ),
  );
  const byName = new Map(found.map((place) => [place.name, place]));
  return leaves.map(({ leaf, definedIn }) => {
    const place = byName.get(definedIn);
    const { path, type, secret } = leaf;
    const age = place?.ages.get(path);
    const rotatedAt = findRotation(place?.rotations ?? [], path);
    return {
      path,
      type,
      secret,
      definedIn,
      ...(age && describeAge(age, nowMs)),
      ...(rotatedAt !== undefined && { lastRotatedAt: new Date(rotatedAt).toISOString() }),
      usedBy: findUses(desk.variables, path).map(({ variable, service, servers }) => ({
        variable,
        service,
        servers: [...servers],
      })),
    };
  });
}

function findDefiner({ value }: Leaf, own: string): string {
  const name = value.trace.def.environment;
  return name === undefined || name === "<yaml>" || name === "" ? own : name;
}

interface Place {
  name: string;
  ages: ReadonlyMap<string, ValueAge>;
  rotations: readonly RotationStatus[];
}

/** A place without a history that can be read is one without ages. */
async function readPlace(desk: SecretDesk, name: string, paths: readonly string[]): Promise<Place> {
  try {
    const id = parseEnvironmentId(name);
    const [ages, rotations] = await Promise.all([findAges(desk, id, paths), desk.rotations(id)]);
    return { name, ages, rotations };
  } catch {
    return { name, ages: new Map(), rotations: [] };
  }
}

function describeAge({ revision, changedAt, isOlder }: ValueAge, nowMs: number): Partial<DescribedValue> {
  const ageDays = Math.max(0, Math.round(((nowMs - changedAt) / dayMs) * 10) / 10);
  return {
    changedAt: new Date(changedAt).toISOString(),
    changedInRevision: revision,
    ageDays,
    ...(isOlder && { atLeast: true }),
  };
}

function findRotation(rotations: readonly RotationStatus[], path: string): number | undefined {
  return rotations.find((each) => each.path === path && each.served === "new" && each.promotedAt !== undefined)
    ?.promotedAt;
}

function findUses(variables: readonly VariableUse[], path: string): VariableUse[] {
  const name = path.startsWith(variablesPath) ? path.slice(variablesPath.length) : undefined;
  return variables.filter((each) => each.path === path || each.variable === name);
}
