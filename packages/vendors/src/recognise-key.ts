import type { KeyShape } from "@sophia/core/config/service";
import type { z } from "zod";
import { keyAliases } from "./key-aliases.ts";
import { services } from "./registry.ts";

/** A service's variable, as its `config` names it. */
export interface KnownKey {
  /** Id of the service; the first of the registry where two share the variable. */
  service: string;
  variable: string;
}

/** Whose variable it is. No part of it holds the value or a piece of it. */
export type Recognition =
  | {
      kind: "known";
      key: KnownKey;
      by: "name" | "alias" | "shape" | "name and shape";
      /** False: the service is known to give keys of other shapes only. A cut or old key, or a stranger under its name. */
      fits: boolean;
    }
  /** The name says one service, the value's shape says another: a person decides. */
  | { kind: "conflict"; named: KnownKey; shaped: KnownKey }
  /** `resembles`: what hints at a service without proof. */
  | { kind: "unknown"; resembles: KnownKey | undefined };

interface Shape extends KnownKey, Omit<KeyShape, "variable"> {
  isStore: boolean;
}

const shapes: readonly Shape[] = services.flatMap(({ id, group, keyShape }) =>
  keyShape.map((shape) => ({ ...shape, service: id, isStore: group === "store" })),
);

const ownNames = new Map<string, KnownKey>(
  services
    .flatMap(({ id, config }) => Object.keys((config as z.ZodObject).shape).map((variable) => [variable, id] as const))
    .toReversed()
    .map(([variable, service]) => [variable, { service, variable }]),
);

const aliasNames = new Map<string, KnownKey>(
  Object.entries(keyAliases).flatMap(([variable, aliases]) => {
    const key = ownNames.get(variable);
    return key === undefined ? [] : aliases.map((alias) => [alias, key] as const);
  }),
);

/** Words that stand for a service inside a longer name, such as `PROD_ZENROWS_SECRET`. */
const nameWords: ReadonlyMap<string, string> = new Map([
  ...services.filter(({ group }) => group !== "store").map(({ id }) => [id.replaceAll("-", ""), id] as const),
  ["hf", "huggingface"],
  ["lambdalabs", "lambda"],
  ["togetherai", "together"],
]);

/**
 * Whose variable this is, by its name, and by the shape of its value where that is proof. Several services give keys
 * of the same shape: those count only together with a name. Pure; never throws.
 */
export function recogniseKey(name: string, value: string): Recognition {
  const text = value.trim();
  const upper = name.trim().toUpperCase();
  const fitting = shapes.filter(({ pattern }) => pattern.test(text));
  const distinct = fitting.find(({ isDistinct }) => isDistinct);
  const named = ownNames.get(upper) ?? aliasNames.get(upper);
  if (named !== undefined)
    return judgeNamed(named, ownNames.has(upper) ? "name" : "alias", { text, fitting, distinct });
  // A connection string says which database it is, not that it is Sophia's: a company has many.
  if (distinct !== undefined && !distinct.isStore) {
    return { kind: "known", key: toKey(distinct), by: "shape", fits: true };
  }
  const hinted = findNameWords(upper);
  const both = fitting.filter(({ service, isDistinct }) => !isDistinct && hinted.includes(service));
  const [only, ...others] = both;
  if (only !== undefined && others.every(({ service }) => service === only.service)) {
    return { kind: "known", key: toKey(only), by: "name and shape", fits: true };
  }
  return { kind: "unknown", resembles: distinct ? toKey(distinct) : findResembling(hinted) };
}

function judgeNamed(
  named: KnownKey,
  by: "name" | "alias",
  { text, fitting, distinct }: { text: string; fitting: readonly Shape[]; distinct: Shape | undefined },
): Recognition {
  if (distinct !== undefined && distinct.variable !== named.variable) {
    return { kind: "conflict", named, shaped: toKey(distinct) };
  }
  const expected = shapes.filter(({ variable }) => variable === named.variable);
  const fits = text === "" || expected.length === 0 || fitting.some(({ variable }) => variable === named.variable);
  // DATABASE_URL may well be MySQL's: a platform's name for "the database" needs the shape beside it.
  if (by === "alias" && !fits && expected.some(({ isStore }) => isStore)) return { kind: "unknown", resembles: named };
  return { kind: "known", key: named, by, fits };
}

function toKey({ service, variable }: KnownKey): KnownKey {
  return ownNames.get(variable) ?? { service, variable };
}

function findNameWords(upper: string): string[] {
  const words = upper.toLowerCase().split(/[^a-z0-9]+/);
  return [...nameWords].filter(([word]) => words.includes(word)).map(([, service]) => service);
}

function findResembling(hinted: readonly string[]): KnownKey | undefined {
  const shape = hinted.length === 1 ? shapes.find(({ service }) => service === hinted[0]) : undefined;
  return shape && toKey(shape);
}
